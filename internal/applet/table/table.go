package table

import (
	"context"
	"os"

	"seward/internal/applet"
	"seward/internal/applet/ask"
	"seward/internal/applet/compile"
	"seward/internal/applet/decide"
	"seward/internal/applet/demo"
	"seward/internal/applet/doctor"
	"seward/internal/applet/house"
	"seward/internal/applet/run"
)

// Set returns the commands of seward: its own verbs first, in the order in which
// a newcomer meets them, then the classic names.
func Set() *applet.Set {
	return &applet.Set{
		Name: "seward",
		Applets: []*applet.Applet{
			demo.Applet,
			run.Applet,
			compile.Applet,
			decide.Check,
			decide.Explain,
			ask.Applet,
			doctor.Applet,
			house.HelpApplet,
			house.VersionApplet,
			house.InstallApplet,

			compile.Secilc,
		},
	}
}

// Main runs this process's command line and returns its exit status.
func Main() int {
	return Set().Main(context.Background(), applet.System(), os.Args)
}
