package main

import (
	"strconv"
	"time"

	"github.com/jfrog/jfrog-client-go/xray"
	"github.com/jfrog/jfrog-client-go/xray/services"
	"github.com/jfrog/jfrog-client-go/xray/services/utils"
)

func xraySteps(scans *xray.XrayServicesManager) {
	step("Xray version", func() (any, error) { return scans.GetVersion() })
	step("entitlement", func() (any, error) { return scans.IsEntitled("contextual_analysis") })
	step("token validation", func() (any, error) { return scans.IsTokenValidationEnabled() })
	summary := func(path string) func() (any, error) {
		return func() (any, error) {
			found, err := scans.ArtifactSummary(services.ArtifactSummaryParams{Paths: []string{path}})
			if err != nil {
				return nil, err
			}
			one := found.Artifacts[0]
			if len(one.Issues) == 0 {
				return []any{one.General.PkgType, 0}, nil
			}
			issue := one.Issues[0]
			return []any{one.General.PkgType, len(one.Issues), issue.IssueId, issue.Severity, issue.Cves[0].Id, issue.Cves[0].CvssV3Score, issue.Components[0].ComponentId, issue.Components[0].FixedVersions, len(issue.ImpactPath)}, nil
		}
	}
	step("artifact summary", summary("default/docker-local/web/1/manifest.json"))
	step("artifact summary of what is not indexed", summary("default/docker-local/web/2/list.manifest.json"))
	step("graph scan", func() (any, error) {
		id, err := scans.ScanGraph(services.XrayGraphScanParams{DependenciesGraph: &utils.GraphNode{Id: "npm://app:1.0.0", Nodes: []*utils.GraphNode{{Id: "npm://left-pad:1.0.0"}}}})
		if err != nil {
			return nil, err
		}
		found, err := scans.GetScanGraphResults(id, "3.131.20", true, true, false)
		if err != nil {
			return nil, err
		}
		one := found.Vulnerabilities[0]
		cve := one.Cves[0]
		return []any{found.ScannedStatus, one.IssueId, cve.Id, cve.CvssV3Score, cve.CvssV3Vector, one.Components["npm://left-pad:1.0.0"].FixedVersions, len(one.Components["npm://left-pad:1.0.0"].ImpactPaths)}, nil
	})
	step("index a build", func() (any, error) { return nil, scans.AddBuildsToIndexing([]string{"from go"}) })
	step("build scan", func() (any, error) {
		found, _, err := scans.BuildScan(services.XrayBuildParams{BuildName: "from go", BuildNumber: "7"}, true)
		if err != nil {
			return nil, err
		}
		return []any{found.Status, found.FailBuild}, nil
	})
	policySteps(scans)
	reportSteps(scans)
}

func policySteps(scans *xray.XrayServicesManager) {
	policy := utils.PolicyParams{Name: "no-criticals", Type: utils.Security, Description: "none", Rules: []utils.PolicyRule{{Name: "rule-1", Criteria: *utils.CreateSeverityPolicyCriteria(utils.Critical, false), Priority: 1}}}
	step("create policy", func() (any, error) { return nil, scans.CreatePolicy(policy) })
	step("create policy again", func() (any, error) { return nil, scans.CreatePolicy(policy) })
	step("update policy", func() (any, error) {
		policy.Description = "some"
		return nil, scans.UpdatePolicy(policy)
	})
	step("read policy", func() (any, error) {
		found, err := scans.GetPolicy("no-criticals")
		return []any{found.Name, found.Type, found.Description, len(found.Rules)}, err
	})
	watch := utils.NewWatchParams()
	watch.Name, watch.Description, watch.Active = "all", "everything", true
	watch.Repositories.Type = utils.WatchRepositoriesAll
	watch.Policies = []utils.AssignedPolicy{{Name: "no-criticals", Type: "security"}}
	step("create watch", func() (any, error) { return nil, scans.CreateWatch(watch) })
	step("create watch again", func() (any, error) { return nil, scans.CreateWatch(watch) })
	step("update watch", func() (any, error) {
		watch.Active = false
		return nil, scans.UpdateWatch(watch)
	})
	step("read watch", func() (any, error) {
		found, err := scans.GetWatch("all")
		return []any{found.Name, found.Description, found.Active, found.Repositories.Type, len(found.Policies)}, err
	})
	step("ignore rule", func() (any, error) {
		id, err := scans.CreateIgnoreRule(utils.IgnoreRuleParams{Notes: "accepted", ExpiresAt: time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC), IgnoreFilters: utils.IgnoreFilters{CVEs: []string{"CVE-2026-1"}, Watches: []string{"all"}}})
		if err != nil {
			return nil, err
		}
		found, err := scans.GetIgnoreRule(id)
		if err != nil {
			return nil, err
		}
		return []any{found.Notes, found.IgnoreFilters.CVEs}, scans.DeleteIgnoreRule(id)
	})
	step("delete watch", func() (any, error) { return nil, scans.DeleteWatch("all") })
	step("deleted watch", func() (any, error) {
		_, err := scans.GetWatch("all")
		return nil, err
	})
	step("delete policy", func() (any, error) { return nil, scans.DeletePolicy("no-criticals") })
}

// The violations call is newer than this client: it learns of violations from reports.
func reportSteps(scans *xray.XrayServicesManager) {
	step("violations report", func() (any, error) {
		asked, err := scans.GenerateViolationsReport(services.ViolationsReportRequestParams{Name: "lab", Filters: services.ViolationsFilter{Type: "security"}, Resources: services.Resource{Repositories: []services.Repository{{Name: "docker-local"}}}})
		if err != nil {
			return nil, err
		}
		id := strconv.Itoa(asked.ReportId)
		details, err := scans.ReportDetails(id)
		if err != nil {
			return nil, err
		}
		found, err := scans.ReportContent(services.ReportContentRequestParams{ReportType: services.Violations, ReportId: id, Direction: "asc", PageNum: 1, NumRows: 10, OrderBy: "severity"})
		if err != nil {
			return nil, err
		}
		return []any{details.Status, found.TotalRows, found.Rows[0].IssueId, found.Rows[0].Severity}, scans.DeleteReport(id)
	})
}
