import RunbookLab

/// Runs this process as the inside of a lab if its arguments say so; nil when they are a person's.
package func labProcess(_ arguments: [String]) -> Int32? {
    RunbookLab.dispatch(arguments)
}
