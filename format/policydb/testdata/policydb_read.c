/* Prints the least number of milliseconds that libsepol takes to read an image
 * from memory, of as many attempts as asked for. Usage: policydb_read IMAGE N */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <sepol/policydb.h>

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e3 + t.tv_nsec / 1e6;
}

static char *load(const char *name, size_t *size)
{
	FILE *f = fopen(name, "rb");
	char *data;

	if (!f || fseek(f, 0, SEEK_END))
		return NULL;
	*size = ftell(f);
	rewind(f);
	data = malloc(*size);
	if (!data || fread(data, 1, *size, f) != *size)
		return NULL;
	fclose(f);
	return data;
}

int main(int argc, char **argv)
{
	double best = 1e9;
	size_t size;
	char *data;
	int i;

	if (argc != 3 || !(data = load(argv[1], &size)))
		return 2;
	for (i = 0; i < atoi(argv[2]); i++) {
		sepol_policydb_t *policy;
		sepol_policy_file_t *file;
		double start, took;

		if (sepol_policydb_create(&policy) || sepol_policy_file_create(&file))
			return 1;
		sepol_policy_file_set_mem(file, data, size);
		start = now();
		if (sepol_policydb_read(policy, file))
			return 1;
		took = now() - start;
		if (took < best)
			best = took;
		sepol_policydb_free(policy);
		sepol_policy_file_free(file);
	}
	printf("%.3f\n", best);
	return 0;
}
