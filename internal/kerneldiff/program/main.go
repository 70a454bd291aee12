// Command program performs the operations of kerneldiff's table.
package main

import (
	"fmt"
	"os"

	"seward/internal/kerneldiff"
)

func main() {
	args := os.Args[1:]
	if len(args) > 0 && args[0] == "-script" {
		args = []string{"child"}
	}
	if err := kerneldiff.Main(args, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "program:", err)
		os.Exit(1)
	}
}
