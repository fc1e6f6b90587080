package main

import (
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// The server moves what was deleted into a folder of waste and clears it away minutes later; the first time after a start
// whatever it is told. What was erased must lie nowhere a moment after it was said to be.
const (
	wasteFolder = ".minio.sys/tmp/.trash"
	wasteEvery  = time.Second
	// The server may still be at work on what it has just moved there.
	wasteRests = 3 * time.Second
)

// clearWaste removes what has lain for a while in the folder of waste below the store's folder, now and then until done is
// closed. The server clears there too: what is gone already is no error.
func clearWaste(data string, every, rests time.Duration, done <-chan struct{}) {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		clearOnce(filepath.Join(data, wasteFolder), rests)
		select {
		case <-done:
			return
		case <-ticker.C:
		}
	}
}

func clearOnce(folder string, rests time.Duration) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return
	}
	for _, entry := range entries {
		info, err := entry.Info()
		if err != nil || time.Since(changedAt(info)) < rests {
			continue
		}
		_ = os.RemoveAll(filepath.Join(folder, entry.Name()))
	}
}

// changedAt is when a name was last moved, which leaves its times of writing alone.
func changedAt(info os.FileInfo) time.Time {
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		return time.Unix(stat.Ctim.Unix())
	}
	return info.ModTime()
}
