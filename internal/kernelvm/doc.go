// Package kernelvm boots a Linux kernel with SELinux in a virtual machine and
// lets tests ask it, so that seward's decisions are compared with those of the
// kernel itself.
//
// The machine is QEMU's software emulation, which needs no privilege and no
// hardware: a kernel, a serial port, and an initial file system with one static
// program (package guest) that is built when a test starts. Nothing persists.
//
// The kernel is any whose SELinux is built in and not a module, with virtio-pci
// and virtio-console built in too; Debian's cloud kernels are such. It is found
// through the environment (KernelEnv), in /boot, or in the user's cache.
//
// A Machine serves one request at a time and isn't safe for concurrent use.
package kernelvm
