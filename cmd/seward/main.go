// Command seward is SELinux in one binary; 'seward help' lists what it does.
package main

import (
	"os"

	"seward/enforce/supervisor"
	"seward/internal/applet/table"
)

func main() {
	supervisor.ChildMain() // a program about to be supervised starts here too
	os.Exit(table.Main())
}
