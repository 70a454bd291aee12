package cil

import (
	"fmt"

	"seward/format/cil/compile"
	"seward/format/cil/resolve"
	"seward/format/cil/syntax"
	"seward/format/diag"
	"seward/policy"
)

// Source is one text. Name appears in diagnostics.
type Source struct {
	Name string
	Data []byte // not changed, kept while the result's diagnostics are
}

// Tristate overrides a statement of the policy, or doesn't.
type Tristate uint8

// Values of a Tristate.
const (
	AsWritten Tristate = iota
	False
	True
)

// Unknown says what becomes of classes and permissions that the kernel knows and
// the policy doesn't.
type Unknown uint8

// Values of Unknown. UnknownAsWritten is what the policy says, deny if it says
// nothing.
const (
	UnknownAsWritten Unknown = iota
	UnknownAllow
	UnknownDeny
	UnknownReject
)

// Options change how a policy is compiled. Nil means defaults, which are those of
// secilc.
type Options struct {
	// Version of the image that is aimed at. Default policy.VersionMax.
	Version uint32
	// MLS overrides the mls statement.
	MLS Tristate
	// HandleUnknown overrides the handleunknown statement.
	HandleUnknown Unknown
	// PreserveTunables treats tunables as booleans.
	PreserveTunables bool
	// QualifiedNames takes dots as parts of names; blocks are not allowed then.
	QualifiedNames bool
	// MultipleDecls allows types, typeattributes and roles to be declared again.
	MultipleDecls bool
	// DisableDontaudit leaves out dontaudit rules.
	DisableDontaudit bool
	// DisableNeverallow skips the check of neverallow rules and bounds.
	DisableNeverallow bool
	// AttrsExpandGenerated leaves out attributes that a compiler from another
	// language made up.
	AttrsExpandGenerated bool
	// AttrsExpandSize expands attributes with fewer types in rules. Default 1;
	// negative means 0.
	AttrsExpandSize int
	// Optimize removes rules that others make superfluous.
	Optimize bool
	// MaxExpansion limits the statements that calls, inheritance and in-statements
	// may make. Default 1 << 20 and 16 for each statement of the sources.
	MaxExpansion int
}

// Result is a compiled policy.
type Result struct {
	Policy *policy.Policy
	// FileContexts is the text of a file_contexts file.
	FileContexts []byte
	Warnings     diag.List
	// Disabled lists the optional blocks that were left out, each as a diagnostic at
	// the block with the reason as a note.
	Disabled diag.List
}

// Compile compiles texts, which together are one policy. The order of srcs matters to
// numbering only. The error is a diag.List.
func Compile(srcs []Source, opts *Options) (*Result, error) {
	if opts == nil {
		opts = &Options{}
	}
	version := opts.Version
	if version == 0 {
		version = policy.VersionMax
	}
	db, err := front(srcs, version, opts)
	if err != nil {
		return nil, err
	}
	res, err := compile.Compile(db, &compile.Options{
		Version:           version,
		MLS:               resolve.Tristate(opts.MLS),
		HandleUnknown:     resolve.HandleUnknown(opts.HandleUnknown),
		MultipleDecls:     opts.MultipleDecls,
		DisableDontaudit:  opts.DisableDontaudit,
		DisableNeverallow: opts.DisableNeverallow,
		ExpandGenerated:   opts.AttrsExpandGenerated,
		ExpandSize:        opts.AttrsExpandSize,
		Optimize:          opts.Optimize,
	})
	if err != nil {
		return nil, err
	}
	return &Result{
		Policy:       res.Policy,
		FileContexts: res.FileContexts,
		Warnings:     res.Warnings,
		Disabled:     disabled(db),
	}, nil
}

// front reads and resolves texts.
func front(srcs []Source, version uint32, opts *Options) (*resolve.DB, error) {
	files := make([]*diag.File, len(srcs))
	for i, s := range srcs {
		files[i] = diag.NewFile(s.Name, s.Data)
	}
	cond := version >= policy.VersionConditionalXperms
	trees, names := syntax.ParseAll(files, &syntax.Options{
		QualifiedNames:   opts.QualifiedNames,
		PreserveTunables: opts.PreserveTunables,
		CondXperms:       cond,
	})
	var errs diag.List
	for _, t := range trees {
		errs = append(errs, t.Errors...)
	}
	if len(errs) > 0 {
		return nil, errs
	}
	return resolve.Resolve(trees, names, &resolve.Options{
		MultipleDecls:    opts.MultipleDecls,
		QualifiedNames:   opts.QualifiedNames,
		PreserveTunables: opts.PreserveTunables,
		CondXperms:       cond,
		MaxExpansion:     opts.MaxExpansion,
	})
}

// disabled makes diagnostics of what was left out.
func disabled(db *resolve.DB) diag.List {
	var list diag.List
	for i := range db.Disabled {
		d := &db.Disabled[i]
		e := db.Errorf(d.Source, "optional %q is disabled", db.Text(d.Name))
		reason := diag.Note{Pos: d.Reason.Pos, Msg: fmt.Sprintf("because of %s", d.Reason.Msg)}
		e.Notes = append([]diag.Note{reason}, e.Notes...)
		list.Add(e)
	}
	return list
}
