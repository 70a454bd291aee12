package policydb_test

import (
	"bytes"
	"fmt"

	"seward/format/policydb"
	"seward/policy"
	"seward/policy/ebitmap"
)

// A policy built in memory is written as an image of an older version, which
// leaves out what that has no place for, and read again.
func Example() {
	const dog, chow policy.TypeID = 1, 2
	b := &policy.Builder{
		Version: 33,
		Classes: []policy.Class{{Name: "food", ID: 1, Permissions: []policy.PermissionName{{Name: "eat", Number: 1}}}},
		Roles:   []policy.Role{{Name: "object_r", ID: policy.ObjectRole}},
		Types:   []policy.Type{{Name: "dog", ID: dog}, {Name: "chow", ID: chow}},
		Rules:   []policy.Rule{{Source: dog, Target: chow, Class: 1, Kind: policy.Allow, Data: uint32(policy.Permission(1))}},
		FilenameTransitions: []policy.FilenameTransition{
			{Name: "bone", Target: chow, Class: 1, Sources: ebitmap.SetOf(dog), Result: chow},
		},
	}
	p, err := b.Build()
	if err != nil {
		fmt.Println(err)
		return
	}

	var image bytes.Buffer
	opts := &policydb.WriteOptions{
		Version: 24,
		Lost:    func(l policydb.Loss) { fmt.Println("lost:", l) },
	}
	if err := policydb.Write(&image, p, opts); err != nil {
		fmt.Println(err)
		return
	}

	again, err := policydb.Read("policy.24", image.Bytes())
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(again.Version(), again.TypeByName("chow").ID, len(again.Data().Rules))

	_, err = policydb.Read("policy.24", image.Bytes()[:100])
	fmt.Println(err)
	// Output:
	// lost: 1 filename transitions (version 25 needed)
	// 24 2 1
	// policy.24: offset 0x44: classes: unexpected end of image: 1 entries claimed, 28 bytes left
}
