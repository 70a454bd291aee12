package policydb

import (
	"testing"

	"seward/policy"
)

// FuzzRead holds that any input gives a policy or an error, without a panic and
// in memory bounded by its size, and that what was read is written as an image
// that reads and writes the same.
func FuzzRead(f *testing.F) {
	for version := uint32(policy.VersionMin); version <= policy.VersionMax; version++ {
		p := build(f, menagerie(version))
		f.Add(image(f, p, nil))
		f.Add(image(f, p, &WriteOptions{Layout: LayoutLibsepol34}))
	}
	f.Fuzz(check)
}
