package basepolicy

import (
	"embed"
	"fmt"
	"io/fs"
	"path"
	"strings"
)

// kernel comes first for the reader's sake; CIL itself gives no meaning to the
// order of files.
//
//go:embed kernel/*.cil managers/*.cil system/*.cil users/*.cil services/*.cil
var base embed.FS

//go:embed examples/*.cil
var examples embed.FS

// rooms are the directories of the base policy in the order of Base.
var rooms = []string{"kernel", "managers", "system", "users", "services"}

// Unconfined is the context of somebody's shell whom nobody mapped to a confined
// user: it may do everything, at every level, and start what is confined.
const Unconfined = "unconfined_u:unconfined_r:unconfined_t:s0-s15:c0.c1023"

// File is one module's source.
type File struct {
	Name string // slash-separated path below this directory: kernel/classes.cil
	Data []byte
}

// Base returns the modules of the reference policy: directory by directory, and
// by name within each.
func Base() []File {
	var files []File
	for _, room := range rooms {
		files = append(files, read(base, room)...)
	}
	return files
}

// Examples returns the modules of the stories, by name. Each compiles together
// with Base.
func Examples() []File {
	return read(examples, "examples")
}

// Example returns the example module of that name: pets, or pets.cil.
func Example(name string) (File, error) {
	all := Examples()
	var known []string
	for _, f := range all {
		short := strings.TrimSuffix(path.Base(f.Name), ".cil")
		if short == strings.TrimSuffix(name, ".cil") {
			return f, nil
		}
		known = append(known, short)
	}
	return File{}, fmt.Errorf("no example policy %q (there are %s)", name, strings.Join(known, ", "))
}

// read returns the files of one embedded directory by name. An error would mean
// that the binary was built without its own files.
func read(tree embed.FS, dir string) []File {
	entries, err := fs.ReadDir(tree, dir)
	if err != nil {
		panic("basepolicy: " + err.Error())
	}
	files := make([]File, 0, len(entries))
	for _, entry := range entries {
		name := path.Join(dir, entry.Name())
		data, err := fs.ReadFile(tree, name)
		if err != nil {
			panic("basepolicy: " + err.Error())
		}
		files = append(files, File{Name: name, Data: data})
	}
	return files
}
