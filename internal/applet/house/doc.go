// Package house holds the commands about seward itself: version, help, install.
package house
