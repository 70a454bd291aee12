package source

import (
	"fmt"
	"os"

	"seward/format/cil"
	"seward/format/policydb"
	"seward/internal/applet"
	"seward/internal/getopt"
	"seward/label"
	"seward/policy"
)

// FileContextsOption names file contexts, which a binary image lacks.
var FileContextsOption = getopt.Option{
	Names: []string{"--file-contexts"}, Arity: getopt.Required, Arg: "FILE",
	Help: "labels of paths, in addition to those of the policy's own source; may be repeated",
}

// Loaded is a policy with what it says of paths.
type Loaded struct {
	Policy *policy.Policy
	Labels *label.Specs
	// FileContexts is the text that Labels was read from.
	FileContexts []byte
}

// Load returns the policy that the named files are, the built-in one if there are
// none, with its file contexts: those of CIL sources and of the files named
// beside them.
func Load(env *applet.Env, policies, fileContexts []string) (*Loaded, error) {
	p, text, err := compileOrRead(env, policies)
	if err != nil {
		return nil, err
	}
	sources := []label.Source{{Name: "policy", Data: text}}
	for _, name := range fileContexts {
		data, err := os.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("read file contexts: %w", err)
		}
		sources = append(sources, label.Source{Name: name, Data: data})
		text = append(append(text[:len(text):len(text)], '\n'), data...)
	}
	labels, err := label.Parse(sources, nil)
	if err != nil {
		return nil, fmt.Errorf("read file contexts: %w", err)
	}
	return &Loaded{Policy: p, Labels: labels, FileContexts: text}, nil
}

// Policy returns the policy that the named files are; the built-in one if there
// are none.
func Policy(env *applet.Env, names []string) (*policy.Policy, error) {
	p, _, err := compileOrRead(env, names)
	return p, err
}

// compileOrRead returns a policy and the file contexts in its source.
func compileOrRead(env *applet.Env, names []string) (*policy.Policy, []byte, error) {
	if len(names) == 0 {
		names = []string{Base}
	}
	files, err := Read(env, names)
	if err != nil {
		return nil, nil, err
	}
	image, err := Image(files)
	if err != nil {
		return nil, nil, err
	}
	if image != nil {
		p, err := policydb.Read(image.Name, image.Data)
		return p, nil, err
	}
	var srcs []cil.Source
	for _, f := range files {
		srcs = append(srcs, cil.Source{Name: f.Name, Data: f.Data})
	}
	result, err := cil.Compile(srcs, nil)
	if err != nil {
		return nil, nil, err
	}
	return result.Policy, result.FileContexts, nil
}
