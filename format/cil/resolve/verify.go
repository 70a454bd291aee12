package resolve

import (
	"slices"
	"strings"

	"seward/format/cil/syntax"
	"seward/format/diag"
)

// verify checks what can be checked only once all statements are resolved.
func (r *resolver) verify() {
	r.checkUsers()
	r.checkBounds()
	r.checkAttributes()
	r.checkClassPerms()
	r.checkCommons()
	if r.stop() {
		return
	}
	r.checkPermx()
	if len(r.db.SIDOrder) == 0 {
		r.fail(&diag.Error{Msg: "policy has no initial sid: there is no sidorder statement"})
	}
}

func (r *resolver) text(n Name) string { return r.names.Text(syntax.Name(n)) }

// add reports an error about a declaration.
func (r *resolver) add(src Source, format string, args ...any) {
	r.fail(r.db.Errorf(src, format, args...))
}

func (r *resolver) checkUsers() {
	for i := range r.db.Users {
		u := &r.db.Users[i]
		if i == 0 || u.Attribute {
			continue
		}
		if u.Level == 0 {
			r.add(u.Source, "user %q has no level: there is no userlevel statement for it", r.text(u.Name))
		}
		if u.Range == 0 {
			r.add(u.Source, "user %q has no range: there is no userrange statement for it", r.text(u.Name))
		}
	}
}

// graph is a set of arrows between numbers.
type graph struct {
	from, to []int32
}

func (g *graph) add(from, to int32) {
	g.from = append(g.from, from)
	g.to = append(g.to, to)
}

// cycles returns a circle of arrows for each part of the graph that has one.
func (g *graph) cycles(size int) [][]int32 {
	start := make([]int32, size+1)
	for _, f := range g.from {
		start[f+1]++
	}
	for i := range size {
		start[i+1] += start[i]
	}
	out := make([]int32, len(g.to))
	at := slices.Clone(start)
	for k, f := range g.from {
		out[at[f]] = g.to[k]
		at[f]++
	}
	copy(at, start)
	const (
		fresh = iota
		open
		done
	)
	state := make([]uint8, size)
	var path []int32
	var found [][]int32
	for root := range int32(size) {
		if state[root] != fresh {
			continue
		}
		path = append(path[:0], root)
		state[root] = open
		for len(path) > 0 {
			v := path[len(path)-1]
			if at[v] == start[v+1] {
				state[v] = done
				path = path[:len(path)-1]
				continue
			}
			w := out[at[v]]
			at[v]++
			switch state[w] {
			case fresh:
				state[w] = open
				path = append(path, w)
			case open:
				found = append(found, slices.Clone(path[slices.Index(path, w):]))
			}
		}
	}
	return found
}

// checkBounds reports bounds that go round in a circle.
func (r *resolver) checkBounds() {
	var types, roles, users graph
	for i := range r.db.Types {
		if b := r.db.Types[i].Bounds; b != 0 {
			types.add(int32(i), int32(b))
		}
	}
	for i := range r.db.Roles {
		if b := r.db.Roles[i].Bounds; b != 0 {
			roles.add(int32(i), int32(b))
		}
	}
	for i := range r.db.Users {
		if b := r.db.Users[i].Bounds; b != 0 {
			users.add(int32(i), int32(b))
		}
	}
	r.circles(&types, len(r.db.Types), "type %q is bounded by itself", func(i int32) (Name, Source) { return r.db.Types[i].Name, r.db.Types[i].Source })
	r.circles(&roles, len(r.db.Roles), "role %q is bounded by itself", func(i int32) (Name, Source) { return r.db.Roles[i].Name, r.db.Roles[i].Source })
	r.circles(&users, len(r.db.Users), "user %q is bounded by itself", func(i int32) (Name, Source) { return r.db.Users[i].Name, r.db.Users[i].Source })
}

// circles reports the cycles of a graph. Format says what is wrong with the first of
// a cycle.
func (r *resolver) circles(g *graph, size int, format string, info func(int32) (Name, Source)) {
	const most = 8
	for _, cycle := range g.cycles(size) {
		name, src := info(cycle[0])
		e := r.db.Errorf(src, format, r.text(name))
		if len(cycle) > 1 {
			var names []string
			for _, i := range cycle[1:min(len(cycle), most)] {
				n, _ := info(i)
				names = append(names, r.text(n))
			}
			e.Note(r.db.Pos(src), "by way of %s", strings.Join(names, ", "))
		}
		r.fail(e)
	}
}

// symbols calls f for the symbols that an expression names.
func (r *resolver) symbols(e ExprID, f func(Expr)) {
	for i, left := int(e), 1; left > 0; i++ {
		left--
		switch x := r.db.Exprs[i]; x.Op {
		case OpSymbol, OpCatSet:
			f(x)
		case OpSet, OpAnd, OpOr, OpXor, OpNot, OpRange:
			left += int(x.Arg)
		}
	}
}

// checkAttributes reports attributes and categorysets that contain themselves.
func (r *resolver) checkAttributes() {
	db := r.db
	collect := func(sets []AttributeSet, attribute func(int32) bool) *graph {
		g := &graph{}
		for _, s := range sets {
			r.symbols(s.Expr, func(x Expr) {
				if attribute(x.Arg) {
					g.add(s.Attr, x.Arg)
				}
			})
		}
		return g
	}
	types := collect(db.TypeAttributeSets, func(i int32) bool { return db.Types[i].Attribute })
	roles := collect(db.RoleAttributeSets, func(i int32) bool { return db.Roles[i].Attribute })
	users := collect(db.UserAttributeSets, func(i int32) bool { return db.Users[i].Attribute })
	r.circles(types, len(db.Types), "typeattribute %q contains itself", func(i int32) (Name, Source) { return db.Types[i].Name, db.Types[i].Source })
	r.circles(roles, len(db.Roles), "roleattribute %q contains itself", func(i int32) (Name, Source) { return db.Roles[i].Name, db.Roles[i].Source })
	r.circles(users, len(db.Users), "userattribute %q contains itself", func(i int32) (Name, Source) { return db.Users[i].Name, db.Users[i].Source })
	var sets graph
	for i := range db.CatSets {
		if db.CatSets[i].Expr == 0 {
			continue
		}
		r.symbols(db.CatSets[i].Expr, func(x Expr) {
			if x.Op == OpCatSet {
				sets.add(int32(i), x.Arg)
			}
		})
	}
	r.circles(&sets, len(db.CatSets), "categoryset %q contains itself", func(i int32) (Name, Source) { return db.CatSets[i].Name, db.CatSets[i].Source })
}

// checkClassPerms reports map permissions and classpermissions that mean nothing,
// or themselves.
func (r *resolver) checkClassPerms() {
	db := r.db
	// Permissions of map classes and classpermissions are the points of one
	// graph: first the classpermissions, then the maps' permissions.
	size := int32(len(db.PermSets))
	first := make([]int32, len(db.MapClasses))
	for i := range db.MapClasses {
		first[i] = size
		size += int32(len(db.MapClasses[i].Perms))
	}
	var g graph
	arrows := func(from int32, lists []ClassPermsID) {
		for _, l := range lists {
			for _, p := range db.ClassPerms[l] {
				if p.Set != 0 {
					g.add(from, int32(p.Set))
				}
				for _, k := range p.MapPerms {
					g.add(from, first[p.Map]+k)
				}
			}
		}
	}
	for i := range db.PermSets {
		s := &db.PermSets[i]
		if i > 0 && len(s.ClassPerms) == 0 {
			r.add(s.Source, "classpermission %q has no permissions: there is no classpermissionset for it", r.text(s.Name))
		}
		arrows(int32(i), s.ClassPerms)
	}
	for i := range db.MapClasses {
		m := &db.MapClasses[i]
		for k := range m.Perms {
			if len(m.Perms[k].ClassPerms) == 0 {
				r.add(m.Source, "permission %q of classmap %q has no meaning: there is no classmapping for it", r.text(m.Perms[k].Name), r.text(m.Name))
			}
			arrows(first[i]+int32(k), m.Perms[k].ClassPerms)
		}
	}
	r.circles(&g, int(size), "class permissions %q contain themselves", func(i int32) (Name, Source) {
		if int(i) < len(db.PermSets) {
			return db.PermSets[i].Name, db.PermSets[i].Source
		}
		k := len(first) - 1
		for first[k] > i {
			k--
		}
		return db.MapClasses[k].Perms[i-first[k]].Name, db.MapClasses[k].Source
	})
}

// checkCommons reports permissions that a class and its common both declare.
func (r *resolver) checkCommons() {
	for i := range r.db.Classes {
		class := &r.db.Classes[i]
		if class.Common == 0 {
			continue
		}
		common := &r.db.Commons[class.Common]
		for _, p := range class.Perms {
			if slices.Contains(common.Perms, p) {
				r.add(class.Source, "permission %q of class %q is one of its common %q too", r.text(p), r.text(class.Name), r.text(common.Name))
			}
		}
	}
}

// checkPermx reports extended permissions of classes without the permission that
// they extend.
func (r *resolver) checkPermx() {
	for _, u := range r.permxUses {
		p := &r.db.Permissionxs[u.id]
		want := syntax.KwIoctl
		if p.Kind == PermxNlmsg {
			want = syntax.KwNlmsg
		}
		classes := []ClassID{p.Class}
		if p.Map != 0 {
			classes = r.expandMap(p.Map)
		}
		for _, id := range classes {
			class := &r.db.Classes[id]
			if !slices.Contains(class.Perms, Name(want)) && !slices.Contains(r.db.Commons[class.Common].Perms, Name(want)) {
				r.fail(r.errorAt(u.at.inst, u.at.st, -1, "class %q has no permission %q that could be extended", r.text(class.Name), want))
				break
			}
		}
	}
}

// expandMap returns the classes that a map class stands for.
func (r *resolver) expandMap(m MapID) []ClassID {
	var classes []ClassID
	seenMaps, seenSets := map[MapID]bool{}, map[PermSetID]bool{}
	var visit func(lists []ClassPermsID)
	visitMap := func(m MapID) {
		if seenMaps[m] {
			return
		}
		seenMaps[m] = true
		for _, p := range r.db.MapClasses[m].Perms {
			visit(p.ClassPerms)
		}
	}
	visit = func(lists []ClassPermsID) {
		for _, l := range lists {
			for _, p := range r.db.ClassPerms[l] {
				switch {
				case p.Class != 0 && !slices.Contains(classes, p.Class):
					classes = append(classes, p.Class)
				case p.Map != 0:
					visitMap(p.Map)
				case p.Set != 0 && !seenSets[p.Set]:
					seenSets[p.Set] = true
					visit(r.db.PermSets[p.Set].ClassPerms)
				}
			}
		}
	}
	visitMap(m)
	return classes
}
