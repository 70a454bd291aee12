package policydb

import (
	"bytes"
	"encoding/binary"
	"errors"
	"strings"
	"testing"

	"seward/policy"
	"seward/policy/ebitmap"
	"seward/policy/mls"
)

func word(v uint32) []byte { return binary.LittleEndian.AppendUint32(nil, v) }

func TestHeaderRefused(t *testing.T) {
	good := image(t, build(t, menagerie(33)), nil)
	patch := func(off int, with []byte) []byte {
		out := bytes.Clone(good)
		copy(out[off:], with)
		return out
	}
	for name, tt := range map[string]struct {
		data []byte
		want string
		is   error
	}{
		"empty":        {nil, "policy.33: offset 0x0: unexpected end of image: 4 bytes needed, 0 left", ErrTruncated},
		"text":         {[]byte("(allow a b (c (d))"), "policy.33: offset 0x0: not a binary policy: magic number 0x6c6c6128, expected 0xf97cff8c", ErrMagic},
		"module":       {patch(0, word(magicModule)), "policy.33: offset 0x0: a policy module", ErrModule},
		"package":      {patch(0, word(magicPackage)), "policy.33: offset 0x0: a policy module", ErrModule},
		"Xen":          {patch(8, []byte(targetXen)), "policy.33: offset 0x8: a policy for the Xen target", ErrXen},
		"target":       {patch(8, []byte("SE Limax")), `policy.33: offset 0x8: target "SE Limax" is unknown, expected "SE Linux"`, nil},
		"long target":  {patch(4, word(1<<31)), "policy.33: offset 0x4: unexpected end of image: 2147483648 entries claimed", nil},
		"old":          {patch(16, word(23)), "policy.33: offset 0x10: header: version 23 is not between 24 and 35", nil},
		"new":          {patch(16, word(36)), "policy.33: offset 0x10: header: version 36 is not between 24 and 35", nil},
		"config":       {patch(20, word(9)), "policy.33: offset 0x14: header: config word 0x9 has unknown bits", nil},
		"unknown":      {patch(20, word(7)), "policy.33: offset 0x10: header: handle_unknown is 6", nil},
		"symbols":      {patch(24, word(7)), "policy.33: offset 0x18: header: 7 symbol tables, expected 8", nil},
		"contexts":     {patch(28, word(7)), "policy.33: offset 0x1c: header: 7 tables of contexts, expected 9", nil},
		"map unit":     {patch(32, word(32)), "policy.33: offset 0x20: header: bitmap has map units of 32 bits, expected 64", nil},
		"end of map":   {patch(36, word(100)), "policy.33: offset 0x24: header: bitmap ends at bit 100, not a multiple of 64", nil},
		"units":        {patch(40, word(0)), "policy.33: offset 0x24: header: bitmap of 0 units ends at bit 128", nil},
		"many units":   {patch(40, word(1<<30)), "policy.33: offset 0x28: header: unexpected end of image: 1073741824 entries claimed", nil},
		"unit start":   {patch(44, word(1)), "policy.33: offset 0x20: header: bitmap: unit 0 starts at bit 1, not a multiple of 64", nil},
		"empty unit":   {patch(48, make([]byte, 8)), "policy.33: offset 0x20: header: bitmap: unit 0 is empty", nil},
		"unit order":   {patch(56, word(0)), "policy.33: offset 0x20: header: bitmap: unit 1 starts at bit 0, the one before it at 0", nil},
		"last unit":    {patch(36, word(192)), "policy.33: offset 0x20: header: bitmap ends at bit 192, its last unit starts at 64", nil},
		"permissive 0": {patch(84, []byte{1}), "policy.33: offset 0x44: permissive types: type 0 in a set of types", nil},
	} {
		t.Run(name, func(t *testing.T) {
			p, err := Read("policy.33", tt.data)
			if err == nil || p != nil || !strings.HasPrefix(err.Error(), tt.want) {
				t.Errorf("got %v and error %v, want %s", p, err, tt.want)
			}
			var format *FormatError
			if !errors.As(err, &format) || format.File != "policy.33" {
				t.Errorf("error %#v is no FormatError of the file", err)
			}
			if tt.is != nil && !errors.Is(err, tt.is) {
				t.Errorf("error %v is not %v", err, tt.is)
			}
		})
	}
}

// Each case spoils a valid policy behind Build's back and writes it.
func TestContentRefused(t *testing.T) {
	for name, tt := range map[string]struct {
		version uint32
		spoil   func(*policy.Builder)
		want    string // without file and offset
	}{
		"common id":         {35, func(b *policy.Builder) { b.Commons[0].ID = 2 }, "commons[0]: common 2 out of range"},
		"permission number": {35, func(b *policy.Builder) { b.Commons[0].Permissions[1].Number = 33 }, "commons[0]: permission number 33 is not between 1 and 3"},
		"inherited number":  {35, func(b *policy.Builder) { b.Classes[1].Permissions[0].Number = 3 }, "classes[1]: permission number 3 is not between 4 and 4"},
		"permission twice":  {35, func(b *policy.Builder) { b.Commons[0].Permissions[1].Number = 1 }, "commons[0]: file_common: permission number 1 is given twice"},
		"permission name":   {35, func(b *policy.Builder) { b.Commons[0].Permissions[1].Name = "" }, "commons[0]: name is empty"},
		"zero byte":         {35, func(b *policy.Builder) { b.Commons[0].Name = "file\x00ommon" }, "commons[0]: name contains a zero byte"},
		"many permissions": {35, func(b *policy.Builder) {
			b.Commons[0].Permissions = make([]policy.PermissionName, 33)
		}, "commons[0]: 33 permissions, at most 32 are possible"},
		"class id":         {35, func(b *policy.Builder) { b.Classes[1].ID = 0 }, "classes[1]: class 0 out of range"},
		"class twice":      {35, func(b *policy.Builder) { b.Classes[1].ID = 1 }, "classes[1]: file has identifier 1 of element 0"},
		"class name twice": {35, func(b *policy.Builder) { b.Classes[1].Name = "process" }, "classes[1]: process is also element 0"},
		"default":          {35, func(b *policy.Builder) { b.Classes[1].DefaultRole = 3 }, "classes[1]: file: default is neither source nor target"},
		"default range":    {35, func(b *policy.Builder) { b.Classes[1].DefaultRange = 8 }, "classes[1]: file: default range 8 is unknown"},
		"constraint kind":  {35, func(b *policy.Builder) { b.Classes[1].Constraints[0].Expr[0].Kind = 6 }, "classes[1]: constraint element 6 is unknown"},
		"constraint attr":  {35, func(b *policy.Builder) { b.Classes[1].Constraints[0].Expr[0].Attr = 3 }, "classes[1]: file: constraint 0: attribute 0x3 is unknown"},
		"constraint operator": {
			35, func(b *policy.Builder) { b.Classes[1].Constraints[0].Expr[0].Operator = 6 },
			"classes[1]: file: constraint 0: operator 6 is unknown",
		},
		"constraint third": {
			35, func(b *policy.Builder) { b.Classes[1].Constraints[0].Expr[1].Attr = policy.AttrType | policy.AttrThird },
			"classes[1]: file: constraint 0: a third context only exists in validatetrans",
		},
		"constraint connective": {
			35, func(b *policy.Builder) { b.Classes[1].Constraints[0].Expr[2].Attr = 1 },
			"classes[1]: connective with attribute 0x1 and operator 0",
		},
		"constraint operands": {
			35, func(b *policy.Builder) { b.Classes[1].Constraints[1].Expr = b.Classes[1].Constraints[0].Expr[3:] },
			"classes[1]: file: constraint 1: expression lacks an operand",
		},
		"constraint depth": {35, func(b *policy.Builder) {
			c := &b.Classes[1].Constraints[1]
			for range 5 {
				c.Expr = append(c.Expr, c.Expr[0])
			}
		}, "classes[1]: file: constraint 1: expression is deeper than 5"},
		"validatetrans permissions": {35, func(b *policy.Builder) { b.Classes[1].ValidateTrans[0].Perms = 1 }, "classes[1]: validatetrans with permissions 0x1"},
		"object_r":                  {35, func(b *policy.Builder) { b.Roles[0].Name = "subject_r" }, "roles[0]: subject_r has identifier 1; 1 is object_r's"},
		"role bounds":               {35, func(b *policy.Builder) { b.Roles[2].Bounds = 4 }, "roles[2]: bounds role 4 out of range"},
		"role bounds itself":        {35, func(b *policy.Builder) { b.Roles[2].Bounds = 3 }, "roles[2]: staff_r: more than 4 bounds above it"},
		"role types":                {35, func(b *policy.Builder) { b.Roles[1].Types = ebitmap.SetOf[policy.TypeID](900) }, "roles[1]: system_r: type 900 does not exist"},
		"alias of nothing":          {35, func(b *policy.Builder) { b.Types[5].ID = gapT }, "types[5]: hound_t is an alias of identifier 8, which does not exist"},
		"type bounds":               {35, func(b *policy.Builder) { b.Types[2].Bounds = 9 }, "types[2]: bounds type 9 out of range"},
		"user role":                 {35, func(b *policy.Builder) { b.Users[1].Roles = ebitmap.SetOf[policy.RoleID](9) }, "users[1]: staff_u: role 9 does not exist"},
		"user range": {
			35, func(b *policy.Builder) { b.Users[1].Range.High = mls.Level{Sensitivity: 3} },
			"users[1]: staff_u: range is not valid",
		},
		"sensitivity": {35, func(b *policy.Builder) { b.Sensitivities[0].ID = 9 }, "levels[0]: sensitivity 9 out of range"},
		"category":    {35, func(b *policy.Builder) { b.Categories[0].ID = 9 }, "categories[0]: category 9 out of range"},

		"rule source":       {35, func(b *policy.Builder) { b.Rules[2].Source = 9 }, "avtab[2]: source type 9 out of range"},
		"rule source gap":   {35, func(b *policy.Builder) { b.Rules[2].Source = gapT }, "avtab[2]: source type 8 does not exist"},
		"rule target":       {35, func(b *policy.Builder) { b.Rules[2].Target = 0 }, "avtab[2]: target type 0 out of range"},
		"rule class":        {35, func(b *policy.Builder) { b.Rules[2].Class = 97 }, "avtab[2]: class 97 out of range"},
		"rule kind":         {35, func(b *policy.Builder) { b.Rules[2].Kind = 0x80 }, "avtab[2]: kind 0x80 of rule is unknown"},
		"rule kinds":        {35, func(b *policy.Builder) { b.Rules[2].Kind = 3 }, "avtab[2]: kind 0x3 of rule is unknown"},
		"rule enabled":      {35, func(b *policy.Builder) { b.Rules[2].Kind |= enabledMark }, "avtab[2]: enabled mark on an unconditional rule"},
		"rule twice":        {35, func(b *policy.Builder) { b.Rules[2] = b.Rules[0] }, "avtab[2]: rule is given twice"},
		"rule result":       {35, func(b *policy.Builder) { b.Rules[4].Data = 9 }, "avtab[4]: type 9 out of range"},
		"rule attribute":    {35, func(b *policy.Builder) { b.Rules[4].Data = uint32(pet) }, "avtab[4]: type 6 does not exist"},
		"xperms kind":       {35, func(b *policy.Builder) { b.Xperms[0].Kind = 4 }, "avtab[7]: kind 4 of extended permissions is unknown"},
		"boolean":           {35, func(b *policy.Builder) { b.Conditionals[0].Expr[0].Boolean = 9 }, "conditionals[0]: boolean 9 out of range"},
		"boolean operator":  {35, func(b *policy.Builder) { b.Conditionals[0].Expr[2].Kind = 8 }, "conditionals[0]: operator 8 is unknown"},
		"boolean operands":  {35, func(b *policy.Builder) { b.Conditionals[0].Expr[1].Kind = policy.BoolAnd }, "conditionals[0]: expression lacks an operand"},
		"conditional state": {35, func(b *policy.Builder) { b.Conditionals[0].State = 2 }, "conditionals[0]: state 2 is unknown"},
		"conditional mark":  {35, func(b *policy.Builder) { b.Conditionals[0].False[0].Kind |= enabledMark }, "conditionals[0]: rule 0: enabled mark contradicts the state"},
		"conditional rule elsewhere": {
			35, func(b *policy.Builder) { b.Conditionals[1].False[0] = b.Conditionals[0].True[1] },
			"conditionals[1]: rule 0: type rule is given elsewhere",
		},
		"conditional rule outside": {
			35, func(b *policy.Builder) { b.Conditionals[1].False[0] = b.Rules[4] },
			"conditionals[1]: rule 0: type rule is given elsewhere",
		},
		"conditional rule twice": {
			35, func(b *policy.Builder) { b.Conditionals[0].True[0] = b.Conditionals[0].True[1] },
			"conditionals[0]: rule 1: type rule is given elsewhere",
		},
		"role transition": {35, func(b *policy.Builder) { b.RoleTransitions[0].Result = 9 }, "role transitions[0]: role 2, type 2, class 1 or role 9 does not exist"},
		"role transition twice": {
			35, func(b *policy.Builder) { b.RoleTransitions[1] = b.RoleTransitions[0] },
			"role transitions[1]: role transition is given twice",
		},
		"role allow":         {35, func(b *policy.Builder) { b.RoleAllows[1].From = 9 }, "role allows[1]: role 9 or 2 does not exist"},
		"file result":        {35, func(b *policy.Builder) { b.FilenameTransitions[0].Result = 9 }, "filename transitions[0]: type 9 out of range"},
		"file source":        {35, func(b *policy.Builder) { b.FilenameTransitions[0].Sources = ebitmap.SetOf[policy.TypeID](9) }, "filename transitions[0]: source type 9 out of range"},
		"file overlap":       {35, func(b *policy.Builder) { b.FilenameTransitions[1].Sources = ebitmap.SetOf(dogT) }, "filename transitions[1]: results of filename transition \"bone\" overlap"},
		"file class":         {35, func(b *policy.Builder) { b.FilenameTransitions[2].Class = 9 }, "filename transitions[2]: target type 4, class 9 or type 5 does not exist"},
		"old file class":     {32, func(b *policy.Builder) { b.FilenameTransitions[2].Class = 9 }, "filename transitions[2]: target type 4, class 9 or type 5 does not exist"},
		"old file source":    {32, func(b *policy.Builder) { b.FilenameTransitions[2].Sources = ebitmap.SetOf[policy.TypeID](9) }, "filename transitions[2]: source type 9 out of range"},
		"range transition":   {35, func(b *policy.Builder) { b.RangeTransitions[1].Class = 9 }, "range transitions[1]: type 3, type 4 or class 9 does not exist"},
		"range":              {35, func(b *policy.Builder) { b.RangeTransitions[1].Range.Low.Sensitivity = 9 }, "range transitions[1]: range is not valid"},
		"range twice":        {35, func(b *policy.Builder) { b.RangeTransitions[1] = b.RangeTransitions[0] }, "range transitions[1]: range transition is given twice"},
		"SID 0":              {35, func(b *policy.Builder) { b.InitialSIDs[0].SID = 0 }, "initial SIDs[0]: SID 0 is zero or given twice"},
		"SID context":        {35, func(b *policy.Builder) { b.InitialSIDs[0].Context.Type = catT }, "initial SIDs[0]: SID 1: role may not be combined with this type"},
		"filesystem name":    {35, func(b *policy.Builder) { b.FSContexts[0].Name = strings.Repeat("x", 64) }, "filesystems[0]: name of 64 bytes, at most 63 are possible"},
		"ports":              {35, func(b *policy.Builder) { b.Ports[1].Low = 2000 }, "ports[1]: low 2000 is above high 1023"},
		"netif context":      {35, func(b *policy.Builder) { b.Netifs[0].Packets.User = 9 }, "network interfaces[0]: lo: context: user does not exist"},
		"node context":       {35, func(b *policy.Builder) { b.Nodes[0].Context.Role = 9 }, "nodes[0]: node: context: role does not exist"},
		"fs_use":             {35, func(b *policy.Builder) { b.FSUses[1].Behavior = 4 }, "fs_use[1]: pipefs: behavior 4 is unknown"},
		"node6 context":      {35, func(b *policy.Builder) { b.Nodes6[0].Context.Type = pet }, "IPv6 nodes[0]: node: context: type does not exist: an attribute is not a type"},
		"ibpkey":             {35, func(b *policy.Builder) { b.IBPKeys[0].High = 0 }, "InfiniBand partition keys[0]: low 1 is above high 0"},
		"ibendport":          {35, func(b *policy.Builder) { b.IBEndPorts[0].Port = 0 }, "InfiniBand end ports[0]: port is 0"},
		"ibendport device":   {35, func(b *policy.Builder) { b.IBEndPorts[0].Device = strings.Repeat("x", 64) }, "InfiniBand end ports[0]: name of 64 bytes, at most 63 are possible"},
		"genfs twice":        {35, func(b *policy.Builder) { b.GenFS[1].Filesystem = "proc" }, "genfscon[1]: filesystem \"proc\" is empty or given twice"},
		"genfs class":        {35, func(b *policy.Builder) { b.GenFS[0].Paths[1].Class = 9 }, "genfscon[0]: class 9 out of range"},
		"genfs path twice":   {35, func(b *policy.Builder) { b.GenFS[0].Paths[2].Class = fileC }, "genfscon[0]: path \"/net\" has two contexts"},
		"genfs path overlap": {35, func(b *policy.Builder) { b.GenFS[0].Paths[2].Class = 0 }, "genfscon[0]: path \"/net\" has two contexts"},
		"type attributes":    {35, func(b *policy.Builder) { b.TypeAttributes[1] = ebitmap.SetOf[policy.TypeID](900) }, "type attributes[1]: type 900 does not exist"},
		"permissive":         {35, func(b *policy.Builder) { b.Permissive = ebitmap.SetOf[policy.TypeID](900) }, "permissive types: type 900 does not exist"},
		"old mark in xperms": {29, func(b *policy.Builder) { b.Rules[1].Kind = policy.AllowXperm; b.Xperms = make([]policy.Xperms, 4) }, "avtab[1]: extended permissions in version 29"},
		"old conditional xperms": {33, func(b *policy.Builder) {
			b.Conditionals[0].True[0].Kind, b.Conditionals[0].True[0].Data = policy.AllowXperm, 0
		}, "conditionals[0]: rule 0: conditional extended permissions in version 33"},
	} {
		t.Run(name, func(t *testing.T) {
			p := build(t, menagerie(tt.version))
			tt.spoil(p.Data())
			w := &writer{p: p, b: p.Data(), version: tt.version, order: keepOrder{}}
			w.image()
			_, err := Read("x", w.buf)
			var format *FormatError
			if !errors.As(err, &format) {
				t.Fatalf("error is %v, want %s", err, tt.want)
			}
			got := format.Path + ": " + format.Err.Error()
			if got != tt.want {
				t.Errorf("error is %s, want %s", got, tt.want)
			}
			if format.Offset <= 16 || format.Offset > int64(len(w.buf)) {
				t.Errorf("offset is %#x of %#x", format.Offset, len(w.buf))
			}
		})
	}
}

// An error that only Build finds has the offset of its element.
func TestOffsetOfInvalidElement(t *testing.T) {
	p := build(t, menagerie(33))
	p.Data().Rules[2].Source = gapT
	data := image(t, p, nil)
	rule := append(binary.LittleEndian.AppendUint16(nil, uint16(gapT)), byte(chowT), 0, byte(fileC), 0, byte(policy.AuditAllow), 0)
	at := bytes.Index(data, rule)
	_, err := Read("x", data)
	var format *FormatError
	if !errors.As(err, &format) || format.Offset != int64(at) {
		t.Errorf("error is %v, want offset %#x", err, at)
	}
}

func TestTruncatedEverywhere(t *testing.T) {
	for _, version := range []uint32{policy.VersionMin, 32, policy.VersionMax} {
		data := image(t, build(t, menagerie(version)), nil)
		for n := range data {
			p, err := Read("x", data[:n])
			if !errors.Is(err, ErrTruncated) || p != nil {
				t.Fatalf("version %d: %d of %d bytes: error is %v", version, n, len(data), err)
			}
		}
	}
}
