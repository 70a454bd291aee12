package syntax

import "seward/format/diag"

// CheckArg checks the list at the n-th word of a statement's arguments as one that
// stands for a thing of the given flavor: a categoryset, level, levelrange or
// classpermission without a name. What is expected of a call's argument is known only
// when its macro is.
func (f *File) CheckArg(s *Stmt, n int, flavor Flavor, names *Names) *diag.Error {
	// The checks report to a file, here to one for just this purpose. No name is
	// added: all words are interned.
	tmp := &File{Source: f.Source, Words: f.Words}
	c := checker{
		parser: &parser{lexer: lexer{data: f.Source.Data}, file: tmp, names: names, opts: &Options{}},
		st:     s,
		args:   f.Args(s),
	}
	ok := true
	switch flavor {
	case FlavorCatSet:
		ok = c.expr(n, formCatExpr)
	case FlavorLevel:
		ok = c.level(n)
	case FlavorLevelRange:
		ok = c.levelRange(n)
	case FlavorClassPermission:
		ok = c.classPerms(n, "class permissions")
	}
	if ok {
		return nil
	}
	if len(tmp.Errors) == 0 {
		return diag.Errorf(diag.Pos{File: f.Source, Offset: f.WordOffset(s, n)}, "malformed %s", flavor)
	}
	return tmp.Errors[0]
}
