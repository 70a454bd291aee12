/*
 * Answers queries as libsepol does, for comparison with the security server.
 * usage: sepol POLICY            queries on standard input, a line each
 *        sepol -t N POLICY       times N decisions over the pairs on input
 * Built by the tests: cc -O2 -o sepol sepol.c -l:libsepol.a
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <sepol/debug.h>
#include <sepol/policydb/policydb.h>
#include <sepol/policydb/services.h>

extern int sepol_set_policydb_from_file(FILE *fp);

static int sid_of(const char *text, sepol_security_id_t *sid)
{
	return sepol_context_to_sid((char *)text, strlen(text), sid);
}

static void put_sid(sepol_security_id_t sid)
{
	char *text;
	size_t len;

	if (sepol_sid_to_context(sid, &text, &len) < 0) {
		printf("!\n");
		return;
	}
	printf("%.*s\n", (int)len, text);
	free(text);
}

static void answer(char *verb, char *a, char *b, char *c, char *d)
{
	sepol_security_id_t s, t, x, out;
	struct sepol_av_decision avd;
	unsigned int reason = 0;
	char *why = NULL;

	if (sid_of(a, &s) < 0) {
		printf("!\n");
		return;
	}
	if (!strcmp(verb, "context")) {
		put_sid(s);
		return;
	}
	if (!b || !c || sid_of(b, &t) < 0) {
		printf("!\n");
		return;
	}
	unsigned cls = strtoul(c, NULL, 10);
	int rc = 0;

	if (!strcmp(verb, "access")) {
		if (sepol_compute_av_reason(s, t, cls, 0, &avd, &reason) < 0)
			printf("!\n");
		else
			printf("%x %x %x\n", avd.allowed, avd.auditallow, avd.auditdeny);
		return;
	}
	if (!strcmp(verb, "validatetrans")) {
		if (!d || sid_of(d, &x) < 0)
			printf("!\n");
		else
			printf("%d\n", sepol_validate_transition_reason_buffer(s, t, x, cls, &why, 0));
		free(why);
		return;
	}
	if (!strcmp(verb, "create"))
		rc = sepol_transition_sid(s, t, cls, &out);
	else if (!strcmp(verb, "member"))
		rc = sepol_member_sid(s, t, cls, &out);
	else
		rc = sepol_change_sid(s, t, cls, &out);
	if (rc < 0)
		printf("!\n");
	else
		put_sid(out);
}

static void measure(long n)
{
	static sepol_security_id_t pairs[1 << 16][2];
	static unsigned classes[1 << 16];
	char line[4096];
	int count = 0;
	struct sepol_av_decision avd;
	unsigned int reason;
	struct timespec from, to;
	uint64_t sum = 0;

	while (count < (1 << 16) && fgets(line, sizeof(line), stdin)) {
		char *verb = strtok(line, " \n"), *a = strtok(NULL, " \n"), *b = strtok(NULL, " \n"), *c = strtok(NULL, " \n");
		if (!verb || strcmp(verb, "access") || !c)
			continue;
		if (sid_of(a, &pairs[count][0]) < 0 || sid_of(b, &pairs[count][1]) < 0)
			continue;
		classes[count++] = strtoul(c, NULL, 10);
	}
	clock_gettime(CLOCK_MONOTONIC, &from);
	for (long i = 0; i < n; i++) {
		int k = i % count;
		sepol_compute_av_reason(pairs[k][0], pairs[k][1], classes[k], 0, &avd, &reason);
		sum += avd.allowed;
	}
	clock_gettime(CLOCK_MONOTONIC, &to);
	printf("%.1f\n", ((to.tv_sec - from.tv_sec) * 1e9 + (to.tv_nsec - from.tv_nsec)) / n);
	fprintf(stderr, "%llu\n", (unsigned long long)sum);
}

int main(int argc, char **argv)
{
	char line[1 << 16];
	FILE *f;

	sepol_debug(0);
	f = fopen(argv[argc - 1], "r");
	if (!f || sepol_set_policydb_from_file(f) < 0)
		return 1;
	if (argc > 3) {
		measure(atol(argv[2]));
		return 0;
	}
	while (fgets(line, sizeof(line), stdin)) {
		char *part[5] = { 0 };
		int n = 0;
		for (char *p = strtok(line, " \n"); p && n < 5; p = strtok(NULL, " \n"))
			part[n++] = p;
		if (n < 2)
			printf("!\n");
		else
			answer(part[0], part[1], part[2], part[3], part[4]);
	}
	return 0;
}
