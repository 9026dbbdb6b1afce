package main

import (
	"errors"
	"io/fs"
	"os"
	"syscall"
)

// room is what a file system holds, in bytes.
type room struct{ free, total int64 }

// roomIn is the room of the file system under folder, as far as this user may fill it.
func roomIn(folder string) (room, error) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(folder, &s); err != nil {
		return room{}, &fs.PathError{Op: "statfs", Path: folder, Err: err}
	}
	size := int64(s.Bsize)
	return room{free: int64(s.Bavail) * size, total: int64(s.Blocks) * size}, nil
}

// place gives the file from the name to, which must be free: fs.ErrExist otherwise. Nothing is ever overwritten.
func place(from, to string) error {
	err := os.Link(from, to)
	if err == nil {
		return os.Remove(from)
	}
	if errors.Is(err, fs.ErrExist) {
		return err
	}
	// FAT and some network drives have no hard links; there the look and the step are two.
	if _, err := os.Lstat(to); !errors.Is(err, fs.ErrNotExist) {
		return errors.Join(err, &fs.PathError{Op: "rename", Path: to, Err: fs.ErrExist})
	}
	return os.Rename(from, to)
}

// syncFolder makes the names in a folder as durable as what they name.
func syncFolder(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
