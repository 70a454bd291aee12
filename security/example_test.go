package security_test

import (
	"fmt"

	"seward/policy"
	"seward/policy/ebitmap"
	"seward/security"
)

// dogPolicy lets dogs eat what is made for dogs.
func dogPolicy() *policy.Policy {
	object := func(t policy.TypeID) policy.Context { return policy.Context{User: 1, Role: 1, Type: t} }
	b := &policy.Builder{
		Version: policy.VersionMax,
		Classes: []policy.Class{{Name: "food", ID: 1, Permissions: []policy.PermissionName{{Name: "eat", Number: 1}}}},
		Types: []policy.Type{
			{Name: "unlabeled_t", ID: 1}, {Name: "dog", ID: 2}, {Name: "dog_chow", ID: 3}, {Name: "cat_chow", ID: 4},
		},
		Roles:       []policy.Role{{Name: "object_r", ID: 1}, {Name: "pet_r", ID: 2, Types: ebitmap.SetOf[policy.TypeID](2)}},
		Users:       []policy.User{{Name: "house", ID: 1, Roles: ebitmap.SetOf[policy.RoleID](2)}},
		Rules:       []policy.Rule{{Kind: policy.Allow, Source: 2, Target: 3, Class: 1, Data: 1, Origin: 1}},
		InitialSIDs: []policy.InitialSID{{SID: security.SIDUnlabeled, Context: object(1)}},
		Files:       []string{"pets.cil"},
		Origins:     []policy.Origin{{Pos: policy.Pos{File: 1, Line: 12}, Data: 1}},
	}
	p, err := b.Build()
	if err != nil {
		panic(err)
	}
	return p
}

func Example() {
	server, err := security.New(dogPolicy(), &security.Options{Enforcing: true})
	if err != nil {
		fmt.Println(err)
		return
	}
	food := server.Policy().ClassByName("food")
	eat := server.Policy().Permission(food, "eat")
	fido, _ := server.SID("house:pet_r:dog")
	for _, bowl := range []string{"house:object_r:dog_chow", "house:object_r:cat_chow"} {
		sid, err := server.SID(bowl)
		if err != nil {
			fmt.Println(err)
			return
		}
		d := server.ComputeAV(fido, sid, food.ID)
		fmt.Println(bowl, d.Allowed&eat != 0)
	}
	// Output:
	// house:object_r:dog_chow true
	// house:object_r:cat_chow false
}

func ExampleServer_Explain() {
	server, err := security.New(dogPolicy(), &security.Options{Enforcing: true})
	if err != nil {
		fmt.Println(err)
		return
	}
	fido, _ := server.SID("house:pet_r:dog")
	bowl, _ := server.SID("house:object_r:dog_chow")
	fmt.Print(server.Explain(fido, bowl, 1, 1).Format())
	// Output:
	// allowed: food
	// source house:pet_r:dog
	// target house:object_r:dog_chow
	// eat: allowed
	//     allow dog dog_chow:food eat; at pets.cil:12
}
