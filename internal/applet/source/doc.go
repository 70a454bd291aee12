// Package source reads the policy that a command line names, in whatever form it
// is: a binary image, CIL files, or the built-in reference policy when none is
// named.
package source
