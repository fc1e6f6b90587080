package main

import (
	"os"
	"path/filepath"
	"time"
)

// The server moves what was deleted into a folder of waste and clears it away minutes later; the first time after a start
// whatever it is told. What was erased must lie nowhere a moment after it was said to be.
const (
	wasteFolder = ".minio.sys/tmp/.trash"
	wasteEvery  = time.Second
)

// clearWaste removes what lies in the folder of waste below the store's folder, now and then until done is closed. The
// server clears there too: what is gone already is no error.
func clearWaste(data string, every time.Duration, done <-chan struct{}) {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		clearOnce(filepath.Join(data, wasteFolder))
		select {
		case <-done:
			return
		case <-ticker.C:
		}
	}
}

func clearOnce(folder string) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return
	}
	for _, entry := range entries {
		_ = os.RemoveAll(filepath.Join(folder, entry.Name()))
	}
}
