package demo

import (
	"errors"
	"testing"

	"seward/security"
)

// TestKeeper asks an object manager, and sees that it follows a change of policy.
func TestKeeper(t *testing.T) {
	pets, plain := food(), webserver()
	stage, err := supervised(t.Context(), &pets, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	other, err := supervised(t.Context(), &plain, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	server := stage.Server()
	keeper := NewKeeper(server)
	const dog, chow = "system_u:system_r:dog:s0", "system_u:object_r:dog_chow:s0"
	ok, why, err := keeper.Eat(dog, chow)
	if err != nil || !ok || !why.Allowed {
		t.Errorf("the dog: %v, %v, want true", ok, err)
	}
	ok, why, err = keeper.Eat(dog, "system_u:object_r:cat_chow:s0")
	if err != nil || ok {
		t.Errorf("the dog and the cat's: %v, %v, want false", ok, err)
	} else if got := why.Permissions[0].Reason; got != security.ReasonNoRule {
		t.Errorf("reason %v, want %v", got, security.ReasonNoRule)
	}
	if _, _, err := keeper.Eat("a dog", chow); err == nil {
		t.Error("a label that is none was taken")
	}
	if err := server.Load(other.Server().Policy()); err != nil {
		t.Fatal(err)
	}
	if _, _, err := keeper.Eat(dog, chow); !errors.Is(err, errNoFood) {
		t.Errorf("under a policy without food: %v, want %v", err, errNoFood)
	}
}
