package policy

import (
	"slices"
	"strings"
)

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

// MatchGenFS returns which of the paths that GenFSPaths returned labels an object
// of a class at path within its filesystem, nil if none does. Paths are compared
// as strings, not by components: /net labels /network. With the capability
// genfs_seclabel_wildcard they are patterns for the whole path, * and ? standing
// for any bytes and for one.
func (p *Policy) MatchGenFS(paths []GenFSPath, path string, class ClassID) *GenFSPath {
	wildcard := p.Has(CapGenfsSeclabelWildcard)
	for i := range paths {
		g := &paths[i]
		if g.Class != 0 && g.Class != class {
			continue
		}
		if wildcard && matchWildcard(g.Path, path) || !wildcard && strings.HasPrefix(path, g.Path) {
			return g
		}
	}
	return nil
}

// matchWildcard reports whether a pattern with * and ? matches all of text.
func matchWildcard(pattern, text string) bool {
	// Where the last * was met and how much of text it stands for so far.
	star, taken := -1, 0
	i, j := 0, 0
	for j < len(text) {
		switch {
		case i < len(pattern) && pattern[i] == '*':
			star, taken = i, j
			i++
		case i < len(pattern) && (pattern[i] == '?' || pattern[i] == text[j]):
			i++
			j++
		case star >= 0:
			taken++
			i, j = star+1, taken
		default:
			return false
		}
	}
	return strings.Trim(pattern[i:], "*") == ""
}
