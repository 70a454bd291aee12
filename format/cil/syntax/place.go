package syntax

import (
	"strconv"

	"seward/format/diag"
)

// around returns the place that a container gives its content.
func (p *parser) around(k Keyword) place {
	switch k {
	case KwTunableif:
		if p.opts.PreserveTunables {
			return inBooleanif | inPreserved
		}
		return inTunableif
	case KwBooleanif:
		return inBooleanif
	case KwIn:
		return inIn
	case KwMacro:
		return inMacro
	case KwOptional:
		return inOptional
	}
	return 0
}

// legal reports whether a statement may stand where it stands.
func (p *parser) legal(st *Stmt) bool {
	parent := p.top()
	k := st.Keyword
	if parent.keyword == KwBooleanif || parent.keyword == KwTunableif {
		return p.branch(parent, st)
	}
	if k == KwTrue || k == KwFalse {
		p.errorf(int(st.Offset), "%s block outside of a booleanif or tunableif", k)
		return false
	}
	if p.opts.QualifiedNames && (k == KwBlock || k == KwBlockinherit || k == KwBlockabstract || k == KwIn) {
		p.errorf(int(st.Offset), "%s is not allowed where names are qualified", k)
		return false
	}
	where := ""
	switch w := parent.within; {
	case w&inTunableif != 0 && k == KwTunable:
		where = "a tunableif"
	case w&inIn != 0 && (k == KwTunable || k == KwIn):
		where = "an in-statement"
	case w&inAfter != 0 && (k == KwBlockinherit || k == KwBlockabstract):
		where = `an in-statement with "after"`
	case w&inMacro != 0 && forbiddenInMacro(k):
		where = "a macro"
	case w&inOptional != 0 && forbiddenInOptional(k):
		where = "an optional"
	case w&inBooleanif != 0 && !p.inBooleanif(k):
		where = "a booleanif"
		if w&inPreserved != 0 {
			where = "a tunableif that is treated as a booleanif"
		}
	default:
		return true
	}
	e := p.errorf(int(st.Offset), "%s is not allowed in %s", k, where)
	for i := len(p.frames) - 1; i > 0; i-- {
		if f := &p.frames[i]; !f.mark && p.around(f.keyword) != 0 {
			e.Note(p.pos(int(f.offset)), "%s begins here", f.keyword)
			break
		}
	}
	return false
}

// branch checks a true or false block of a conditional.
func (p *parser) branch(parent *frame, st *Stmt) bool {
	if st.Keyword != KwTrue && st.Keyword != KwFalse {
		p.errorf(int(st.Offset), "expected a true or false block in %s, found %s", parent.keyword, quoteName(st.Keyword.String())).
			Note(diag.Pos{}, "usage: %s", parent.keyword.Usage())
		return false
	}
	seen := &parent.branch[st.Keyword-KwTrue]
	if *seen {
		p.errorf(int(st.Offset), "more than one %s block in %s", st.Keyword, parent.keyword).
			Note(p.pos(int(parent.offset)), "%s begins here", parent.keyword)
		return false
	}
	*seen = true
	return true
}

func forbiddenInMacro(k Keyword) bool {
	switch k {
	case KwTunable, KwIn, KwBlock, KwBlockinherit, KwBlockabstract, KwMacro:
		return true
	}
	return false
}

func forbiddenInOptional(k Keyword) bool {
	switch k {
	case KwTunable, KwIn, KwBlock, KwBlockabstract, KwMacro:
		return true
	}
	return false
}

func (p *parser) inBooleanif(k Keyword) bool {
	switch k {
	case KwTunableif, KwCall, KwTrue, KwFalse, KwAllow, KwDontaudit, KwAuditallow,
		KwTypetransition, KwTypechange, KwTypemember, KwSrcInfo:
		return true
	case KwAllowx, KwAuditallowx, KwDontauditx:
		return p.opts.CondXperms
	}
	return false
}

// unknownKeyword reports a statement that doesn't begin with a keyword.
func (p *parser) unknownKeyword(text string) {
	e := p.errorf(p.start, "unknown keyword %s", quoteName(text))
	e.Suggest(text, func(yield func(string) bool) {
		for _, k := range keywords[1:KwSrcInfo] {
			if !yield(k) {
				return
			}
		}
	})
}

// quoteName quotes a name for a diagnostic, shortened when it is long.
func quoteName(s string) string {
	const most = 80
	if len(s) > most {
		s = s[:most] + "..."
	}
	return strconv.Quote(s)
}

func quoteByte(c byte) string {
	if c < ' ' || c > '~' {
		return "0x" + strconv.FormatUint(uint64(c)+0x100, 16)[1:]
	}
	return strconv.Quote(string(rune(c)))
}
