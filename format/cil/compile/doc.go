// Package compile turns a resolved CIL database into a policy and the text of its
// file contexts.
//
// The policy is that of the kernel's image: types and attributes share one
// space of numbers, rules of the source are merged by source, target, class and
// kind, attributes stay where a kernel can use them and are expanded elsewhere,
// and labelling statements are sorted. Every rule keeps the statements it came
// from as origins.
//
// What an image contains beyond what the statements say (which attributes
// survive, how extended permissions are grouped, the order of lists that the
// image keeps as lists) follows libsepol 3.4, so that writing the policy with
// its layout gives the bytes that secilc gives. Tables that libsepol keeps as
// hash tables stand here in the order of the walk that resolve.DB describes; a
// writer puts them in another order if it wants to.
//
// Compile reads the database only and uses no state outside of its call.
package compile
