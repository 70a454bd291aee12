package demo

import (
	"errors"
	"fmt"

	"seward/policy"
	"seward/security"
	"seward/security/avc"
)

// Keeper looks after bowls: an object manager, as a database is one of tables.
// What makes it one is all here. It knows the label of each subject and each
// object, looks up the numbers of its class and permission by name, asks the
// access vector cache before each meal, and does as it is told.
//
// A Keeper is safe for concurrent use.
type Keeper struct {
	server *security.Server
	cache  *avc.Cache
}

// NewKeeper returns a keeper who asks the server.
func NewKeeper(server *security.Server) *Keeper {
	return &Keeper{server: server, cache: avc.New(server, nil)}
}

// errNoFood says that the policy doesn't speak of food.
var errNoFood = errors.New("the policy has no class food with a permission eat")

// Eat asks whether an eater may eat from a bowl, both given by their contexts. The
// explanation says why or why not; an error, that it can't be asked.
func (k *Keeper) Eat(eater, bowl string) (bool, *security.Explanation, error) {
	// One state for the numbers, the answer and the reasons: a policy loaded
	// meanwhile may number its classes otherwise.
	now := k.server.Snapshot()
	class := now.Policy().ClassByName("food")
	if class == nil {
		return false, nil, errNoFood
	}
	eat := now.Policy().Permission(class, "eat")
	if eat == 0 {
		return false, nil, errNoFood
	}
	source, err := k.sid(eater)
	if err != nil {
		return false, nil, err
	}
	target, err := k.sid(bowl)
	if err != nil {
		return false, nil, err
	}
	result := k.cache.CheckAt(now, source, target, class.ID, eat)
	return result.Granted, now.Explain(source, target, class.ID, eat), nil
}

func (k *Keeper) sid(context string) (policy.SID, error) {
	sid, err := k.server.SID(context)
	if err != nil {
		return 0, fmt.Errorf("label of food or eater: %w", err)
	}
	return sid, nil
}
