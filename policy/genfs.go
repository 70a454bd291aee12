package policy

import "slices"

// GenFSPaths returns the paths of a filesystem type in the order in which they
// are tried, longer ones first, and nil for an unknown type. The first whose
// class fits and whose path the object's path starts with counts (kernel
// security/selinux/ss/services.c, __security_genfs_sid).
func (p *Policy) GenFSPaths(filesystem string) []GenFSPath {
	for i := range p.b.GenFS {
		if g := &p.b.GenFS[i]; g.Filesystem == filesystem {
			paths := slices.Clone(g.Paths)
			slices.SortStableFunc(paths, func(x, y GenFSPath) int { return len(y.Path) - len(x.Path) })
			return paths
		}
	}
	return nil
}
