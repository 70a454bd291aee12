// Package speed measures what supervision costs: single calls and real work, in
// one run without a supervisor, under seward with either coverage, and under
// other programs that see all calls of a tree.
//
// All carriers take turns, and what is compared is the median, so that whatever
// else the machine does falls on all of them. An ordinary test holds loose ratios
// for a few of the loads; with SEWARD_SPEED=1 (make perf) everything is measured,
// with the peers that are installed, and printed as a table.
package speed
