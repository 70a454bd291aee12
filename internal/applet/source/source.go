package source

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"

	"seward/basepolicy"
	"seward/internal/applet"
	"seward/internal/getopt"
)

// PolicyOption names a policy. Commands that use it take as many as are given.
var PolicyOption = getopt.Option{
	Names: []string{"--policy"}, Arity: getopt.Required, Arg: "FILE",
	Help: "the policy: a binary image, or CIL files, the option repeated for each; base is the built-in reference policy (default: base)",
}

// imageMagic opens every binary image, in little endian.
const imageMagic = 0xf97cff8c

// IsImage reports whether data is a binary image rather than text.
func IsImage(data []byte) bool {
	return len(data) >= 4 && binary.LittleEndian.Uint32(data) == imageMagic
}

// File is a file that a command line names.
type File struct {
	Name string
	Data []byte
}

// Base is the name that stands for the modules of the built-in reference policy.
// A file of that name is ./base.
const Base = "base"

// Read reads the named files; - is standard input, and Base the modules of the
// built-in reference policy.
func Read(env *applet.Env, names []string) ([]File, error) {
	files := make([]File, 0, len(names))
	for _, name := range names {
		if name == Base {
			for _, f := range basepolicy.Base() {
				files = append(files, File{f.Name, f.Data})
			}
			continue
		}
		var data []byte
		var err error
		if name == "-" {
			data, err = io.ReadAll(env.Stdin)
		} else {
			data, err = os.ReadFile(name)
		}
		if err != nil {
			return nil, fmt.Errorf("read policy: %w", err)
		}
		files = append(files, File{name, data})
	}
	return files, nil
}

// ErrMixed is a command line that names more than one policy.
var ErrMixed = errors.New("a binary image is a whole policy and can't be joined with other files")

// Image returns the file that is a binary image, nil if all are text.
func Image(files []File) (*File, error) {
	for i := range files {
		switch {
		case !IsImage(files[i].Data):
		case len(files) > 1:
			return nil, fmt.Errorf("%s: %w", files[i].Name, ErrMixed)
		default:
			return &files[i], nil
		}
	}
	return nil, nil
}
