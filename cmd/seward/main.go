// Command seward is SELinux in one binary; 'seward help' lists what it does.
package main

import (
	"os"

	"seward/internal/applet/table"
)

func main() { os.Exit(table.Main()) }
