import RunbookDiagnostics
import RunbookLanguage
import RunbookModel
import Testing

/// The runbooks of this repository, with the example of their site file.
@Suite struct ShippedRunbookTests {
    @Test(arguments: try Files.names(in: Files.root + "/runbooks", withSuffix: ".site.example.yaml"))
    func loadsWithItsSiteExample(_ name: String) throws {
        let runbook = try load(try Files.text("\(Files.root)/runbooks/\(name).yaml"), name: "\(name).yaml")
        let text = try Files.text("\(Files.root)/runbooks/\(name).site.example.yaml")
        let (site, diagnostics) = loadSite(SourceText(name: "\(name).site.yaml", text), for: runbook)
        #expect(rendered(diagnostics) == "")
        #expect(site?.runbook == name)
    }
}
