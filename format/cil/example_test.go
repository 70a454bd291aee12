package cil_test

import (
	"fmt"

	"seward/format/cil"
)

// A policy that lets a dog eat dog chow. What every policy needs besides is short
// where nothing is confined.
const dog = `
(class food (eat))
(classorder (food))
(sid kernel) (sidorder (kernel)) (sidcontext kernel (system system dog_t ((s0) (s0))))
(sensitivity s0) (sensitivityorder (s0))
(user system) (userlevel system (s0)) (userrange system ((s0) (s0))) (userrole system system)
(role system) (roletype system dog_t)
(type dog_t)
(type dog_chow_t)
(allow dog_t dog_chow_t (food (eat)))
`

func ExampleCompile() {
	res, err := cil.Compile([]cil.Source{{Name: "dog.cil", Data: []byte(dog)}}, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, name := range []string{"dog_t", "dog_chow_t", "cat_t"} {
		fmt.Println(name, res.Policy.TypeByName(name) != nil)
	}
	// Output:
	// dog_t true
	// dog_chow_t true
	// cat_t false
}

// Errors come all at once, each with its place and what may have been meant.
func ExampleCompile_errors() {
	wrong := dog + `(allow dog_t dog_chowt (food (eat)))
(allow dog_t dog_chow_t (food (eats)))
`
	_, err := cil.Compile([]cil.Source{{Name: "dog.cil", Data: []byte(wrong)}}, nil)
	fmt.Println(err)
	// Output:
	// dog.cil:11:14: unknown type "dog_chowt"
	// 	note: did you mean "dog_chow_t"?
	// dog.cil:12:32: unknown permission "eats" of class "food"
	// 	note: did you mean "eat"?
}
