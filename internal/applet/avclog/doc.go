// Package avclog turns what a supervisor reports into records of the access
// vector cache and sends them where the user wants them: to standard error, a
// file, or the audit daemon.
package avclog
