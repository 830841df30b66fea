package cifar

// FileError says what is wrong with a data file or folder, in one line. What the user can do about it is told by hints.Of.
type FileError struct {
	Path    string // the file or folder
	Problem string // what is wrong with it: "is a folder, must be a file"
	Err     error  // the cause, where it is the operating system's, else nil; Problem has its words
}

// Error names the file and the problem.
func (e *FileError) Error() string { return "cifar: " + e.Path + ": " + e.Problem }

// Unwrap returns Err, so that errors.Is(err, fs.ErrNotExist) works.
func (e *FileError) Unwrap() error { return e.Err }
