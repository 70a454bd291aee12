package hooks

import "seward/policy"

// Map translates the kernel's classes and permissions to the numbers of one
// policy, by name. It never changes.
type Map struct {
	policy  *policy.Policy
	classes [classCount]mappedClass
}

// mappedClass is a class in a policy; id is 0 if the policy doesn't have it.
type mappedClass struct {
	id      policy.ClassID
	same    Perms // permissions whose bit is the same in the policy
	unknown Perms // permissions that the policy doesn't have
	vectors [32]policy.AccessVector
}

// NewMap makes the translation for a policy.
func NewMap(p *policy.Policy) *Map {
	m := &Map{policy: p}
	for _, c := range Classes() {
		class := p.ClassByName(c.String())
		if class == nil {
			continue
		}
		mapped := &m.classes[c]
		mapped.id = class.ID
		for i, name := range c.PermissionNames() {
			vector := p.Permission(class, name)
			mapped.vectors[i] = vector
			switch bit := Perms(1) << i; vector {
			case 0:
				mapped.unknown |= bit
			case policy.AccessVector(bit):
				mapped.same |= bit
			}
		}
	}
	return m
}

// Policy returns the policy that m translates to.
func (m *Map) Policy() *policy.Policy { return m.policy }

// Class returns the number of a class in the policy, 0 if the policy doesn't have
// it.
func (m *Map) Class(c Class) policy.ClassID {
	if !c.Valid() {
		return 0
	}
	return m.classes[c].id
}

// Vector returns permissions of a class in the policy's numbers, and apart
// those that the policy doesn't have.
func (m *Map) Vector(c Class, perms Perms) (vector policy.AccessVector, unknown Perms) {
	if !c.Valid() {
		return 0, perms
	}
	mapped := &m.classes[c]
	if perms&^mapped.same == 0 {
		return policy.AccessVector(perms), 0
	}
	for i := range mapped.vectors {
		if perms>>i&1 != 0 {
			vector |= mapped.vectors[i]
		}
	}
	return vector, perms & mapped.unknown
}

// Perms returns which of the permissions have a bit in the vector of a policy.
func (m *Map) Perms(c Class, among Perms, vector policy.AccessVector) Perms {
	if !c.Valid() {
		return 0
	}
	mapped := &m.classes[c]
	if among&^mapped.same == 0 {
		return among & Perms(vector)
	}
	var perms Perms
	for i := range mapped.vectors {
		if bit := Perms(1) << i; among&bit != 0 && mapped.vectors[i]&vector != 0 {
			perms |= bit
		}
	}
	return perms
}

// Missing returns the names of what the kernel knows and the policy doesn't, a
// class alone or with a permission as "class:permission", in the kernel's
// order. A policy that rejects the unknown can't be loaded if there is any.
func (m *Map) Missing() []string {
	var names []string
	for _, c := range Classes() {
		if m.classes[c].id == 0 {
			names = append(names, c.String())
			continue
		}
		for _, perm := range m.classes[c].unknown.Names(c) {
			names = append(names, c.String()+":"+perm)
		}
	}
	return names
}
