package resolve

import (
	"fmt"
	"net/netip"
	"strings"
)

// dump writes a database as one line for each symbol and statement, in order,
// with fully qualified names.
func dump(db *DB) string {
	d := &dumper{db: db}
	d.symbols()
	d.rules()
	d.statements()
	d.labels()
	return d.String()
}

type dumper struct {
	strings.Builder
	db *DB
}

func (d *dumper) line(format string, args ...any) { fmt.Fprintf(d, format+"\n", args...) }

func (d *dumper) text(n Name) string { return d.db.Names[n] }

func (d *dumper) typ(t TypeID) string {
	switch t {
	case TargetSelf:
		return "self"
	case TargetNotSelf:
		return "notself"
	case TargetOther:
		return "other"
	}
	return d.text(d.db.Types[t].Name)
}

func (d *dumper) role(r RoleID) string { return d.text(d.db.Roles[r].Name) }
func (d *dumper) user(u UserID) string { return d.text(d.db.Users[u].Name) }

func (d *dumper) class(c ClassID, m MapID) string {
	if m != 0 {
		return d.text(d.db.MapClasses[m].Name)
	}
	return d.text(d.db.Classes[c].Name)
}

func (d *dumper) perms(id ClassPermsID) string {
	var parts []string
	for _, p := range d.db.ClassPerms[id] {
		switch {
		case p.Set != 0:
			parts = append(parts, d.text(d.db.PermSets[p.Set].Name))
		case p.Map != 0:
			var names []string
			for _, k := range p.MapPerms {
				names = append(names, d.text(d.db.MapClasses[p.Map].Perms[k].Name))
			}
			parts = append(parts, fmt.Sprintf("(%s (%s))", d.class(0, p.Map), strings.Join(names, " ")))
		default:
			class := d.db.Classes[p.Class]
			all := append(append([]Name{}, d.db.Commons[class.Common].Perms...), class.Perms...)
			var names []string
			for k, n := range all {
				if p.Perms>>k&1 != 0 {
					names = append(names, d.text(n))
				}
			}
			parts = append(parts, fmt.Sprintf("(%s (%s))", d.text(class.Name), strings.Join(names, " ")))
		}
	}
	return strings.Join(parts, " ")
}

var opNames = map[ExprOp]string{
	OpSet: "", OpAnd: "and", OpOr: "or", OpXor: "xor", OpNot: "not", OpAll: "all", OpRange: "range",
	OpEqual: "eq", OpUnequal: "neq", OpDominates: "dom", OpDominatedBy: "domby", OpIncomparable: "incomp",
	OpU1: "u1", OpU2: "u2", OpU3: "u3", OpR1: "r1", OpR2: "r2", OpR3: "r3", OpT1: "t1", OpT2: "t2", OpT3: "t3",
	OpL1: "l1", OpL2: "l2", OpH1: "h1", OpH2: "h2",
}

// expr writes the expression at e; name gives names to symbols.
func (d *dumper) expr(e ExprID, name func(int32) string) string {
	s, _ := d.sub(int(e), name)
	return s
}

func (d *dumper) sub(i int, name func(int32) string) (string, int) {
	x := d.db.Exprs[i]
	i++
	switch x.Op {
	case OpSymbol:
		return name(x.Arg), i
	case OpCatSet:
		return d.text(d.db.CatSets[x.Arg].Name), i
	case OpNumber:
		return fmt.Sprintf("%#x", x.Arg), i
	case OpU1, OpU2, OpU3, OpR1, OpR2, OpR3, OpT1, OpT2, OpT3, OpL1, OpL2, OpH1, OpH2:
		return opNames[x.Op], i
	}
	// Names are those of the comparison's left operand.
	if x.Op >= OpEqual && x.Op <= OpIncomparable {
		switch d.db.Exprs[i].Op {
		case OpU1, OpU2, OpU3:
			name = func(n int32) string { return d.user(UserID(n)) }
		case OpR1, OpR2, OpR3:
			name = func(n int32) string { return d.role(RoleID(n)) }
		case OpT1, OpT2, OpT3:
			name = func(n int32) string { return d.typ(TypeID(n)) }
		}
	}
	parts := []string{}
	if n := opNames[x.Op]; n != "" {
		parts = append(parts, n)
	}
	for range x.Arg {
		var s string
		s, i = d.sub(i, name)
		parts = append(parts, s)
	}
	return "(" + strings.Join(parts, " ") + ")", i
}

func (d *dumper) types(e ExprID) string {
	return d.expr(e, func(n int32) string { return d.typ(TypeID(n)) })
}

func (d *dumper) roles(e ExprID) string {
	return d.expr(e, func(n int32) string { return d.role(RoleID(n)) })
}

func (d *dumper) users(e ExprID) string {
	return d.expr(e, func(n int32) string { return d.user(UserID(n)) })
}

func (d *dumper) cats(e ExprID) string {
	if e == 0 {
		return ""
	}
	return " " + d.expr(e, func(n int32) string { return d.text(d.db.Cats[n].Name) })
}

func (d *dumper) level(id LevelID) string {
	l := d.db.Levels[id]
	return "(" + d.text(d.db.Sens[l.Sens].Name) + d.cats(l.Cats) + ")"
}

func (d *dumper) rng(id RangeID) string {
	r := d.db.LevelRanges[id]
	return "(" + d.level(r.Low) + " " + d.level(r.High) + ")"
}

func (d *dumper) context(id ContextID) string {
	if id == 0 {
		return "()"
	}
	x := d.db.Contexts[id]
	return fmt.Sprintf("(%s %s %s %s)", d.user(x.User), d.role(x.Role), d.typ(x.Type), d.rng(x.Range))
}

func (d *dumper) names(list []Name) string {
	var s []string
	for _, n := range list {
		s = append(s, d.text(n))
	}
	return strings.Join(s, " ")
}

func (d *dumper) symbols() {
	db := d.db
	for _, c := range db.Commons[1:] {
		d.line("common %s (%s)", d.text(c.Name), d.names(c.Perms))
	}
	for _, c := range db.Classes[1:] {
		d.line("class %s %s(%s)", d.text(c.Name), strings.TrimPrefix(d.text(db.Commons[c.Common].Name)+" ", " "), d.names(c.Perms))
	}
	for _, c := range db.MapClasses[1:] {
		for _, p := range c.Perms {
			for _, l := range p.ClassPerms {
				d.line("classmapping %s %s %s", d.text(c.Name), d.text(p.Name), d.perms(l))
			}
		}
	}
	for _, s := range db.PermSets[1:] {
		for _, l := range s.ClassPerms {
			d.line("classpermissionset %s %s", d.text(s.Name), d.perms(l))
		}
	}
	for _, p := range db.Permissionxs[1:] {
		d.line("permissionx %q %d %s %s", d.text(p.Name), p.Kind, d.class(p.Class, p.Map), d.expr(p.Expr, nil))
	}
	for _, t := range db.Types[1:] {
		kind := "type"
		if t.Attribute {
			kind = "typeattribute"
		}
		d.line("%s %s%s", kind, d.text(t.Name), optionally(" bounds ", t.Bounds != 0, d.typ(t.Bounds)))
	}
	for _, r := range db.Roles[1:] {
		kind := "role"
		if r.Attribute {
			kind = "roleattribute"
		}
		d.line("%s %s%s", kind, d.text(r.Name), optionally(" bounds ", r.Bounds != 0, d.role(r.Bounds)))
	}
	for _, u := range db.Users[1:] {
		if u.Attribute {
			d.line("userattribute %s", d.text(u.Name))
			continue
		}
		d.line("user %s %s %s%s", d.text(u.Name), d.level(u.Level), d.rng(u.Range), optionally(" bounds ", u.Bounds != 0, d.user(u.Bounds)))
	}
	for _, b := range db.Booleans[1:] {
		d.line("boolean %s %v", d.text(b.Name), b.Value)
	}
	d.orders()
}

func optionally(prefix string, ok bool, s string) string {
	if !ok {
		return ""
	}
	return prefix + s
}

func (d *dumper) orders() {
	db := d.db
	for _, a := range db.TypeAliases {
		d.line("typealias %s %s", d.text(a.Name), d.typ(TypeID(a.Actual)))
	}
	for _, a := range db.SensAliases {
		d.line("sensitivityalias %s %s", d.text(a.Name), d.text(db.Sens[a.Actual].Name))
	}
	for _, a := range db.CatAliases {
		d.line("categoryalias %s %s", d.text(a.Name), d.text(db.Cats[a.Actual].Name))
	}
	var names []Name
	flush := func(what string) {
		d.line("%s %s", what, d.names(names))
		names = nil
	}
	for _, id := range db.ClassOrder {
		names = append(names, db.Classes[id].Name)
	}
	flush("classes:")
	for _, id := range db.SIDOrder {
		names = append(names, db.SIDs[id].Name)
	}
	flush("sids:")
	for _, id := range db.SensOrder {
		names = append(names, db.Sens[id].Name)
	}
	flush("sensitivities:")
	for _, id := range db.CatOrder {
		names = append(names, db.Cats[id].Name)
	}
	flush("categories:")
	for _, s := range db.SIDs[1:] {
		d.line("sid %s %s", d.text(s.Name), d.context(s.Context))
	}
	for _, p := range db.PolicyCaps {
		d.line("policycap %s", d.text(p.Name))
	}
	for _, s := range db.CatSets[1:] {
		d.line("categoryset %s%s", d.text(s.Name), d.cats(s.Expr))
	}
	for _, s := range db.SensCats {
		d.line("sensitivitycategory %s%s", d.text(db.Sens[s.Sens].Name), d.cats(s.Cats))
	}
}

var ruleNames = map[RuleKind]string{
	Allow: "allow", AuditAllow: "auditallow", DontAudit: "dontaudit", NeverAllow: "neverallow", Deny: "deny",
	AllowX: "allowx", AuditAllowX: "auditallowx", DontAuditX: "dontauditx", NeverAllowX: "neverallowx",
	TypeTransition: "typetransition", TypeMember: "typemember", TypeChange: "typechange", NameTransition: "typetransition",
}

func (d *dumper) rule(prefix string, r *Rule) {
	s := fmt.Sprintf("%s%s %s %s ", prefix, ruleNames[r.Kind], d.typ(r.From), d.typ(r.To))
	switch {
	case r.Perms != 0:
		s += d.perms(r.Perms)
	case r.Permx != 0:
		p := d.db.Permissionxs[r.Permx]
		s += fmt.Sprintf("(%d %s %s)", p.Kind, d.class(p.Class, p.Map), d.expr(p.Expr, nil))
	case r.Kind == NameTransition:
		s += fmt.Sprintf("%s %q %s", d.class(r.Class, r.Map), d.text(r.Name), d.typ(r.Result))
	default:
		s += d.class(r.Class, r.Map) + " " + d.typ(r.Result)
	}
	d.line("%s", s)
}

func (d *dumper) rules() {
	for i := range d.db.Rules {
		d.rule("", &d.db.Rules[i])
	}
	for _, c := range d.db.Conditionals {
		d.line("if %s", d.expr(c.Expr, func(n int32) string { return d.text(d.db.Booleans[n].Name) }))
		for i := c.True.Start; i < c.True.End; i++ {
			d.rule("  true: ", &d.db.CondRules[i])
		}
		for i := c.False.Start; i < c.False.End; i++ {
			d.rule("  false: ", &d.db.CondRules[i])
		}
	}
}

func (d *dumper) statements() {
	db := d.db
	for _, s := range db.TypeAttributeSets {
		d.line("typeattributeset %s %s", d.typ(TypeID(s.Attr)), d.types(s.Expr))
	}
	for _, s := range db.RoleAttributeSets {
		d.line("roleattributeset %s %s", d.role(RoleID(s.Attr)), d.roles(s.Expr))
	}
	for _, s := range db.UserAttributeSets {
		d.line("userattributeset %s %s", d.user(UserID(s.Attr)), d.users(s.Expr))
	}
	for _, e := range db.ExpandTypeAttrs {
		for _, t := range e.Attrs {
			d.line("expandtypeattribute %s %v use %#x", d.typ(t), e.Expand, db.Types[t].Use)
		}
	}
	for _, s := range db.TypePermissives {
		d.line("typepermissive %s", d.typ(s.Type))
	}
	for _, s := range db.TypeNeverAudits {
		d.line("typeneveraudit %s", d.typ(s.Type))
	}
	for _, s := range db.RoleTypes {
		d.line("roletype %s %s", d.role(s.Role), d.typ(s.Type))
	}
	for _, s := range db.RoleAllows {
		d.line("roleallow %s %s", d.role(s.From), d.role(s.To))
	}
	for _, s := range db.RoleTransitions {
		d.line("roletransition %s %s %s %s", d.role(s.Role), d.typ(s.Type), d.class(s.Class, s.Map), d.role(s.Result))
	}
	for _, s := range db.RangeTransitions {
		d.line("rangetransition %s %s %s %s", d.typ(s.From), d.typ(s.To), d.class(s.Class, s.Map), d.rng(s.Range))
	}
	for _, s := range db.UserRoles {
		d.line("userrole %s %s", d.user(s.User), d.role(s.Role))
	}
	for _, s := range db.UserPrefixes {
		d.line("userprefix %s %s", d.user(s.User), d.text(s.Prefix))
	}
	for _, s := range db.SELinuxUsers {
		d.line("selinuxuser %q %s %s", d.text(s.Login), d.user(s.User), d.rng(s.Range))
	}
	for _, s := range db.Constraints {
		d.line("constrain %v %s %s", s.MLS, d.perms(s.Perms), d.expr(s.Expr, nil))
	}
	for _, s := range db.ValidateTrans {
		d.line("validatetrans %v %s %s", s.MLS, d.class(s.Class, s.Map), d.expr(s.Expr, nil))
	}
	for _, s := range db.Defaults {
		for _, c := range s.Classes {
			d.line("default %d %s %d", s.Kind, d.class(c.Class, c.Map), s.Object)
		}
	}
	for _, s := range db.DefaultRanges {
		for _, c := range s.Classes {
			d.line("defaultrange %s %d", d.class(c.Class, c.Map), s.Range)
		}
	}
}

func (d *dumper) labels() {
	db := d.db
	for _, s := range db.FileCons {
		d.line("filecon %q %d %s", d.text(s.Path), s.Kind, d.context(s.Context))
	}
	for _, s := range db.GenFSCons {
		d.line("genfscon %s %s %d %s", d.text(s.Filesystem), d.text(s.Path), s.Kind, d.context(s.Context))
	}
	for _, s := range db.FSUses {
		d.line("fsuse %d %s %s", s.Behavior, d.text(s.Filesystem), d.context(s.Context))
	}
	for _, s := range db.PortCons {
		d.line("portcon %d %d-%d %s", s.Protocol, s.Low, s.High, d.context(s.Context))
	}
	for _, s := range db.NodeCons {
		a, m := s.Address[:4], s.Mask[:4]
		if s.V6 {
			a, m = s.Address[:], s.Mask[:]
		}
		addr, _ := netip.AddrFromSlice(a)
		mask, _ := netip.AddrFromSlice(m)
		d.line("nodecon %s %s %s", addr, mask, d.context(s.Context))
	}
	for _, s := range db.NetifCons {
		d.line("netifcon %s %s %s", d.text(s.Name), d.context(s.Interface), d.context(s.Packet))
	}
	for _, s := range db.IBPKeyCons {
		d.line("ibpkeycon %s %#x %d-%d %s", d.text(s.Text), s.SubnetPrefix, s.Low, s.High, d.context(s.Context))
	}
	for _, s := range db.IBEndPortCons {
		d.line("ibendportcon %s %d %s", d.text(s.Device), s.Port, d.context(s.Context))
	}
	for _, s := range db.PirqCons {
		d.line("pirqcon %d %s", s.Pirq, d.context(s.Context))
	}
	for _, s := range db.IOMemCons {
		d.line("iomemcon %#x-%#x %s", s.Low, s.High, d.context(s.Context))
	}
	for _, s := range db.IOPortCons {
		d.line("ioportcon %#x-%#x %s", s.Low, s.High, d.context(s.Context))
	}
	for _, s := range db.PCIDeviceCons {
		d.line("pcidevicecon %#x %s", s.Device, d.context(s.Context))
	}
	for _, s := range db.DeviceTreeCons {
		d.line("devicetreecon %s %s", d.text(s.Path), d.context(s.Context))
	}
}
