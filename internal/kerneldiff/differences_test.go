package kerneldiff_test

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"seward/internal/kerneldiff"
)

// TestDifferencesDocument holds docs/kernel-differences.md against the table.
func TestDifferencesDocument(t *testing.T) {
	data, err := os.ReadFile("../../docs/kernel-differences.md")
	if err != nil {
		t.Fatal(err)
	}
	head, rows, found := strings.Cut(string(data), "|---|---|\n")
	if !found {
		t.Fatal("no table in the document")
	}
	var want strings.Builder
	for _, op := range slices.Sorted(maps.Keys(kerneldiff.Differences)) {
		fmt.Fprintf(&want, "| %s | %s |\n", op, kerneldiff.Differences[op])
	}
	if rows != want.String() {
		t.Errorf("the document's rows aren't the table's; these are:\n%s", want.String())
	}
	count := fmt.Sprintf("%d operations, %d outcomes each", len(kerneldiff.Ops), len(kerneldiff.Outcomes))
	if !strings.Contains(head, count) {
		t.Errorf("the document doesn't say %q", count)
	}
}

// TestTable wants operations to have names of their own and differences to be of
// operations.
func TestTable(t *testing.T) {
	names := map[string]bool{}
	for n := range kerneldiff.Ops {
		op := &kerneldiff.Ops[n]
		if names[op.Name] {
			t.Errorf("two operations are called %q", op.Name)
		}
		names[op.Name] = true
		if op.Class == "" || op.Perm == "" || op.On == "" || op.Act == nil {
			t.Errorf("%s: not all is said", op.Name)
		}
	}
	for op := range kerneldiff.Differences {
		if !names[op] {
			t.Errorf("difference of %q, which isn't in the table", op)
		}
	}
}
