package optimize

import (
	"math/bits"

	"seward/policy"
)

// bucketMask selects the bucket in the table that libsepol fills from CIL, which
// has 2^20 whatever the number of rules.
const bucketMask = 1<<20 - 1

// bucket is the hash of libsepol's access vector table: MurmurHash3 over class,
// target and source.
func bucket(r *policy.Rule) uint32 {
	h := uint32(0)
	for _, v := range [...]uint32{uint32(r.Class), uint32(r.Target), uint32(r.Source)} {
		h ^= bits.RotateLeft32(v*0xcc9e2d51, 15) * 0x1b873593
		h = bits.RotateLeft32(h, 13)*5 + 0xe6546b64
	}
	h ^= h >> 16
	h *= 0x85ebca6b
	h ^= h >> 13
	h *= 0xc2b2ae35
	h ^= h >> 16
	return h & bucketMask
}
