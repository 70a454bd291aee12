package compile

import (
	"bytes"
	"fmt"
	"strconv"

	"seward/basepolicy"
	"seward/format/cil"
	"seward/format/diag"
	"seward/format/policydb"
	"seward/internal/applet"
	"seward/internal/applet/source"
	"seward/internal/getopt"
	"seward/policy"
)

// job is a compilation as the command line asks for it.
type job struct {
	output, contexts string
	base             bool
	version          uint32 // 0: the default
	layout           *policydb.Layout
	options          cil.Options

	// What came of it.
	policy   *policy.Policy
	image    []byte
	fileCons []byte
	warnings diag.List
	disabled diag.List
	lost     []policydb.Loss
}

func newJob(line *getopt.Line) (*job, error) {
	j := &job{output: line.ValueOr("--output", ""), contexts: line.ValueOr("--file-contexts", ""), base: line.Has("--base")}
	if len(line.Operands) == 0 && !j.base {
		return nil, applet.Usagef("expected a file")
	}
	if v, ok := line.Value("--policy-version"); ok {
		n, err := strconv.ParseUint(v, 10, 32)
		if err != nil || n < policy.VersionMin || n > policy.VersionMax {
			return nil, applet.Usagef("policy version %q: expected %d to %d", v, policy.VersionMin, policy.VersionMax)
		}
		j.version = uint32(n)
	}
	if v, ok := line.Value("--layout"); ok {
		layouts := map[string]policydb.Layout{"keep": policydb.LayoutKeep, "libsepol-3.4": policydb.LayoutLibsepol34}
		layout, known := layouts[v]
		if !known {
			return nil, applet.Usagef("layout %q: expected keep or libsepol-3.4", v)
		}
		j.layout = &layout
	}
	return j, setLanguage(&j.options, line)
}

// setLanguage reads languageOptions.
func setLanguage(o *cil.Options, line *getopt.Line) error {
	if v, ok := line.Value("--mls"); ok {
		switch v {
		case "true":
			o.MLS = cil.True
		case "false":
			o.MLS = cil.False
		default:
			return applet.Usagef("mls %q: expected true or false", v)
		}
	}
	if v, ok := line.Value("--handle-unknown"); ok {
		action, ok := unknownActions[v]
		if !ok {
			return applet.Usagef("action %q: expected allow, deny or reject", v)
		}
		o.HandleUnknown = action
	}
	if v, ok := line.Value("--expand-size"); ok {
		n, err := strconv.ParseUint(v, 10, 31)
		if err != nil {
			return applet.Usagef("expand size %q: expected a number", v)
		}
		o.AttrsExpandSize = int(n)
		if n == 0 {
			o.AttrsExpandSize = -1
		}
	}
	o.DisableDontaudit = line.Has("--disable-dontaudit")
	o.PreserveTunables = line.Has("--preserve-tunables")
	o.QualifiedNames = line.Has("--qualified-names")
	o.MultipleDecls = line.Has("--multiple-decls")
	o.DisableNeverallow = line.Has("--disable-neverallow")
	o.AttrsExpandGenerated = line.Has("--expand-generated")
	o.Optimize = line.Has("--optimize")
	return nil
}

// unknownActions are the values of --handle-unknown.
var unknownActions = map[string]cil.Unknown{"allow": cil.UnknownAllow, "deny": cil.UnknownDeny, "reject": cil.UnknownReject}

// compile makes the image. An error in a source is a diag.List.
func (j *job) compile(files []source.File) error {
	layout := policydb.LayoutLibsepol34
	image, err := source.Image(files)
	switch {
	case err != nil:
		return err
	case image != nil && j.base:
		return source.ErrMixed
	case image != nil:
		layout = policydb.LayoutKeep
		if j.policy, err = policydb.Read(image.Name, image.Data); err != nil {
			return err
		}
	default:
		if j.version == 0 {
			j.version = defaultVersion
		}
		j.options.Version = j.version
		result, err := cil.Compile(j.sources(files), &j.options)
		if err != nil {
			return err
		}
		j.policy, j.fileCons, j.warnings, j.disabled = result.Policy, result.FileContexts, result.Warnings, result.Disabled
	}
	if j.version == 0 {
		j.version = j.policy.Version()
	}
	if j.layout != nil {
		layout = *j.layout
	}
	var out bytes.Buffer
	opts := &policydb.WriteOptions{Version: j.version, Layout: layout, Lost: func(l policydb.Loss) { j.lost = append(j.lost, l) }}
	if err := policydb.Write(&out, j.policy, opts); err != nil {
		return fmt.Errorf("write policy: %w", err)
	}
	j.image = out.Bytes()
	return nil
}

// sources returns what to compile.
func (j *job) sources(files []source.File) []cil.Source {
	var srcs []cil.Source
	if j.base {
		for _, f := range basepolicy.Base() {
			srcs = append(srcs, cil.Source{Name: f.Name, Data: f.Data})
		}
	}
	for _, f := range files {
		srcs = append(srcs, cil.Source{Name: f.Name, Data: f.Data})
	}
	return srcs
}

// write stores the results. Each file is made aside and renamed, so that nobody
// finds half a policy.
func (j *job) write(env *applet.Env) error {
	if j.output == "" {
		j.output = fmt.Sprintf("policy.%d", j.version)
	}
	if err := writeFile(env, j.output, j.image); err != nil {
		return fmt.Errorf("write policy: %w", err)
	}
	if j.contexts == "" {
		return nil
	}
	if err := writeFile(env, j.contexts, j.fileCons); err != nil {
		return fmt.Errorf("write file contexts: %w", err)
	}
	return nil
}

// notes are what is worth saying about a policy that was compiled.
func (j *job) notes() []string {
	var texts []string
	for _, list := range []diag.List{j.warnings, j.disabled} {
		for _, e := range list {
			texts = append(texts, e.Error())
		}
	}
	for _, l := range j.lost {
		texts = append(texts, "left out of version "+strconv.FormatUint(uint64(j.version), 10)+": "+l.String())
	}
	return texts
}
