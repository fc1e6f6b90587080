package main

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestWasteIsClearedAwayAndNothingElse(t *testing.T) {
	data := t.TempDir()
	waste := filepath.Join(data, wasteFolder, "one", "two")
	kept := filepath.Join(data, "bucket", "object")
	for _, folder := range []string{waste, kept} {
		if err := os.MkdirAll(folder, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(folder, "xl.meta"), []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	done := make(chan struct{})
	ended := make(chan struct{})
	go func() {
		clearWaste(data, time.Millisecond, 0, done)
		close(ended)
	}()
	deadline := time.Now().Add(10 * time.Second)
	for {
		entries, err := os.ReadDir(filepath.Join(data, wasteFolder))
		if err != nil {
			t.Fatal(err)
		}
		if len(entries) == 0 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d entries are left", len(entries))
		}
		time.Sleep(time.Millisecond)
	}
	close(done)
	<-ended
	if _, err := os.Stat(filepath.Join(kept, "xl.meta")); err != nil {
		t.Fatal(err)
	}
}

func TestAFolderOfWasteThatIsNotThereIsNoTrouble(t *testing.T) {
	clearOnce(filepath.Join(t.TempDir(), wasteFolder), 0)
}

func TestWasteThatWasJustMovedThereIsLeftAlone(t *testing.T) {
	folder := t.TempDir()
	fresh := filepath.Join(folder, "fresh")
	if err := os.Mkdir(fresh, 0o700); err != nil {
		t.Fatal(err)
	}
	// Written long ago, moved now.
	old := time.Now().Add(-time.Hour)
	if err := os.Chtimes(fresh, old, old); err != nil {
		t.Fatal(err)
	}
	clearOnce(folder, time.Minute)
	if _, err := os.Stat(fresh); err != nil {
		t.Fatal("it is gone")
	}
}
