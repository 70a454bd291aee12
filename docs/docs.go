// Package docs holds the pages of this directory that commands print, so that
// what the binary says and what the documentation says is one text.
package docs

import _ "embed"

// NotMediated is the page on what the supervisor doesn't mediate.
//
//go:embed not-mediated.md
var NotMediated string
