// Package decide holds the commands that ask for one decision: `seward check`
// (may it?) and `seward explain` (why?).
package decide
