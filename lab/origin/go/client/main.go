// JFrog's own Go client, unchanged, in a row of calls against one server: each prints a line of JSON with what the client made of the answer, or
// the error that it gives. What is expected stands in the lab that runs this; here nothing is judged.
//
//	client PLATFORM-URL TOKEN SCRATCH-DIRECTORY
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"

	buildinfo "github.com/jfrog/build-info-go/entities"
	"github.com/jfrog/jfrog-client-go/artifactory"
	artifactoryauth "github.com/jfrog/jfrog-client-go/artifactory/auth"
	"github.com/jfrog/jfrog-client-go/artifactory/services"
	"github.com/jfrog/jfrog-client-go/artifactory/services/utils"
	"github.com/jfrog/jfrog-client-go/config"
	"github.com/jfrog/jfrog-client-go/utils/io/content"
	"github.com/jfrog/jfrog-client-go/utils/log"
	"github.com/jfrog/jfrog-client-go/xray"
	xrayauth "github.com/jfrog/jfrog-client-go/xray/auth"
)

type outcome struct {
	Step   string `json:"step"`
	Result any    `json:"result"`
	Error  string `json:"error,omitempty"`
}

var out = json.NewEncoder(os.Stdout)

func step(name string, act func() (any, error)) {
	result, err := act()
	line := outcome{Step: name, Result: result}
	if err != nil {
		line.Error = err.Error()
	}
	if err := out.Encode(line); err != nil {
		panic(err)
	}
}

func main() {
	url, token, scratch := os.Args[1], os.Args[2], os.Args[3]
	log.SetLogger(log.NewLoggerWithFlags(log.ERROR, os.Stderr, 0))

	details := artifactoryauth.NewArtifactoryDetails()
	details.SetUrl(url + "/artifactory/")
	details.SetAccessToken(token)
	settings, err := config.NewConfigBuilder().SetServiceDetails(details).SetThreads(1).SetHttpRetries(2).SetHttpRetryWaitMilliSecs(50).Build()
	if err != nil {
		panic(err)
	}
	manager, err := artifactory.New(settings)
	if err != nil {
		panic(err)
	}
	xrayDetails := xrayauth.NewXrayDetails()
	xrayDetails.SetUrl(url + "/xray/")
	xrayDetails.SetAccessToken(token)
	xraySettings, err := config.NewConfigBuilder().SetServiceDetails(xrayDetails).SetThreads(1).SetHttpRetries(2).SetHttpRetryWaitMilliSecs(50).Build()
	if err != nil {
		panic(err)
	}
	scans, err := xray.New(xraySettings)
	if err != nil {
		panic(err)
	}
	serverSteps(manager)
	fileSteps(manager, scratch)
	buildSteps(manager)
	imageSteps(manager)
	xraySteps(scans)
}

func serverSteps(manager artifactory.ArtifactoryServicesManager) {
	step("ping", func() (any, error) {
		answer, err := manager.Ping()
		return string(answer), err
	})
	step("version", func() (any, error) { return manager.GetVersion() })
	step("repositories", func() (any, error) {
		all, err := manager.GetAllRepositories()
		if err != nil {
			return nil, err
		}
		names := []string{}
		for _, one := range *all {
			names = append(names, one.Key+" "+one.Type)
		}
		return names, nil
	})
	step("repository", func() (any, error) {
		found := services.RepositoryDetails{}
		err := manager.GetRepository("docker", &found)
		return found.Key + " " + found.GetRepoType(), err
	})
	step("repository that is not there", func() (any, error) { return manager.IsRepoExists("nowhere") })
	step("AQL", func() (any, error) {
		body, err := manager.Aql(`items.find({"repo":"docker-local","name":{"$match":"*manifest.json"}}).include("repo","path","name","sha256","size").sort({"$asc":["path"]}).limit(50)`)
		if err != nil {
			return nil, err
		}
		defer body.Close()
		text, err := io.ReadAll(body)
		if err != nil {
			return nil, err
		}
		found := utils.AqlSearchResult{}
		err = json.Unmarshal(text, &found)
		return len(found.Results), err
	})
}

func pathsOf(reader *content.ContentReader) (any, error) {
	defer reader.Close()
	names := []string{}
	for item := new(utils.ResultItem); reader.NextRecord(item) == nil; item = new(utils.ResultItem) {
		names = append(names, item.GetItemRelativePath())
	}
	return names, reader.GetError()
}

func search(manager artifactory.ArtifactoryServicesManager, pattern, properties string) (*content.ContentReader, error) {
	params := services.NewSearchParams()
	params.Pattern = pattern
	params.Props = properties
	params.Recursive = true
	return manager.SearchFiles(params)
}

func fileSteps(manager artifactory.ArtifactoryServicesManager, scratch string) {
	step("upload", func() (any, error) {
		params := services.NewUploadParams()
		params.Pattern = filepath.Join(scratch, "*.txt")
		params.Target = "generic-local/in/"
		params.Flat = true
		params.TargetProps = utils.NewProperties()
		params.TargetProps.AddProperty("team", "shop")
		done, failed, err := manager.UploadFiles(artifactory.UploadServiceOptions{}, params)
		return []int{done, failed}, err
	})
	step("upload by checksum", func() (any, error) {
		params := services.NewUploadParams()
		params.Pattern = filepath.Join(scratch, "a.txt")
		params.Target = "generic-local/in/again.txt"
		params.Flat = true
		params.MinChecksumDeploy = 1
		done, failed, err := manager.UploadFiles(artifactory.UploadServiceOptions{}, params)
		return []int{done, failed}, err
	})
	step("item info", func() (any, error) {
		found, err := manager.FileInfo("generic-local/in/a.txt")
		if err != nil {
			return nil, err
		}
		return []string{found.Repo, found.Path, found.Size, found.Checksums.Sha256, found.CreatedBy}, nil
	})
	step("item that is not there", func() (any, error) { return manager.FileInfo("generic-local/in/none.txt") })
	step("folder info", func() (any, error) {
		found, err := manager.FolderInfo("generic-local/in")
		if err != nil {
			return nil, err
		}
		return len(found.Children), nil
	})
	step("file list", func() (any, error) {
		found, err := manager.FileList("generic-local", utils.FileListParams{Deep: true, MetadataTimestamps: true})
		if err != nil {
			return nil, err
		}
		names := []string{}
		for _, one := range found.Files {
			names = append(names, one.Uri+" "+string(one.Size))
		}
		return names, nil
	})
	properties := func() (any, error) {
		found, err := manager.GetItemProps("generic-local/in/a.txt")
		if err != nil || found == nil {
			return nil, err
		}
		return found.Properties, nil
	}
	step("properties of an upload", properties)
	step("set properties", func() (any, error) {
		reader, err := search(manager, "generic-local/in/a.txt", "")
		if err != nil {
			return nil, err
		}
		defer reader.Close()
		return manager.SetProps(services.PropsParams{Reader: reader, Props: `stage=released;owner=a\,b,c;odd=x y+z/%&`})
	})
	step("read properties", properties)
	step("search by two properties", func() (any, error) {
		reader, err := search(manager, "generic-local/*", "stage=released;team=shop")
		if err != nil {
			return nil, err
		}
		return pathsOf(reader)
	})
	step("search by two properties, of which one does not fit", func() (any, error) {
		reader, err := search(manager, "generic-local/*", "stage=other;team=shop")
		if err != nil {
			return nil, err
		}
		return pathsOf(reader)
	})
	step("delete properties", func() (any, error) {
		reader, err := search(manager, "generic-local/in/a.txt", "")
		if err != nil {
			return nil, err
		}
		defer reader.Close()
		return manager.DeleteProps(services.PropsParams{Reader: reader, Props: "stage,owner,odd,team"})
	})
	step("no properties left", properties)
	step("download", func() (any, error) {
		params := services.NewDownloadParams()
		params.Pattern = "generic-local/in/*"
		params.Target = filepath.Join(scratch, "down") + "/"
		params.Flat = true
		params.Recursive = true
		done, failed, err := manager.DownloadFiles(params)
		if err != nil {
			return nil, err
		}
		text, err := os.ReadFile(filepath.Join(scratch, "down", "a.txt"))
		return []any{done, failed, string(text)}, err
	})
	step("download in parts", func() (any, error) {
		params := services.NewDownloadParams()
		params.Pattern = "generic-local/in/large.txt"
		params.Target = filepath.Join(scratch, "down", "parts.txt")
		params.Flat = true
		params.SplitCount = 3
		params.MinSplitSize = 1
		done, failed, err := manager.DownloadFiles(params)
		return []int{done, failed}, err
	})
	step("read remote file", func() (any, error) {
		body, err := manager.ReadRemoteFile("generic-local/in/a.txt")
		if err != nil {
			return nil, err
		}
		defer body.Close()
		text, err := io.ReadAll(body)
		return string(text), err
	})
	move := func(act func(...services.MoveCopyParams) (int, int, error), from, to string) (any, error) {
		params := services.NewMoveCopyParams()
		params.Pattern = from
		params.Target = to
		params.Flat = true
		done, failed, err := act(params)
		if err != nil {
			return nil, err
		}
		reader, err := search(manager, "generic-local/*", "")
		if err != nil {
			return nil, err
		}
		names, err := pathsOf(reader)
		return []any{done, failed, names}, err
	}
	step("copy", func() (any, error) { return move(manager.Copy, "generic-local/in/a.txt", "generic-local/copied/") })
	step("move", func() (any, error) { return move(manager.Move, "generic-local/copied/a.txt", "generic-local/moved/b.txt") })
	step("delete", func() (any, error) {
		params := services.NewDeleteParams()
		params.Pattern = "generic-local/moved/*"
		params.Recursive = true
		reader, err := manager.GetPathsToDelete(params)
		if err != nil {
			return nil, err
		}
		defer reader.Close()
		return manager.DeleteFiles(reader)
	})
	step("deleted", func() (any, error) { return manager.FileInfo("generic-local/moved/b.txt") })
}

func buildSteps(manager artifactory.ArtifactoryServicesManager) {
	published := &buildinfo.BuildInfo{
		Name: "from go", Number: "7", Started: "2026-03-04T01:02:03.004+0000", BuildUrl: "https://ci.example/runs/7", Principal: "go-publisher",
		Agent: &buildinfo.Agent{Name: "lab", Version: "1"}, BuildAgent: &buildinfo.Agent{Name: "go", Version: "1"},
		VcsList: []buildinfo.Vcs{{Url: "https://git.example/go.git", Revision: "c0ffee254729296a45a3885639ac7e10f9d54979", Branch: "main"}},
	}
	if found, err := manager.FileInfo("generic-local/in/a.txt"); err == nil {
		sums := buildinfo.Checksum{Sha1: found.Checksums.Sha1, Md5: found.Checksums.Md5, Sha256: found.Checksums.Sha256}
		published.Modules = []buildinfo.Module{{Id: "files", Type: buildinfo.Generic, Artifacts: []buildinfo.Artifact{{Name: "a.txt", Path: "in/a.txt", OriginalDeploymentRepo: "generic-local", Checksum: sums}}}}
	}
	publish := func(project string) func() (any, error) {
		return func() (any, error) {
			summary, err := manager.PublishBuildInfo(published, project)
			return summary.IsSucceeded(), err
		}
	}
	read := func(project string) func() (any, error) {
		return func() (any, error) {
			found, ok, err := manager.GetBuildInfo(services.BuildInfoParams{BuildName: "from go", BuildNumber: "7", ProjectKey: project})
			if err != nil || !ok {
				return nil, err
			}
			info := found.BuildInfo
			return []any{info.Name, info.Number, info.Started, info.BuildUrl, info.Principal, info.VcsList[0].Revision, len(info.Modules)}, nil
		}
	}
	step("build of a project", publish("shop"))
	step("build of a project, asked for without it", read(""))
	step("build of a project, asked for with it", read("shop"))
	step("publish build info", publish(""))
	step("read build info", read(""))
	step("build runs", func() (any, error) {
		found, ok, err := manager.GetBuildRuns(services.BuildInfoParams{BuildName: "from go"})
		if err != nil || !ok {
			return nil, err
		}
		return len(found.BuildsNumbers), nil
	})
	step("a build that is not there", func() (any, error) {
		_, ok, err := manager.GetBuildInfo(services.BuildInfoParams{BuildName: "none", BuildNumber: "1"})
		return ok, err
	})
	step("files of a build", func() (any, error) {
		params := services.NewSearchParams()
		params.Build = "from go/7"
		params.Pattern = "generic-local/*"
		params.Recursive = true
		reader, err := manager.SearchFiles(params)
		if err != nil {
			return nil, err
		}
		return pathsOf(reader)
	})
	step("promote a build", func() (any, error) {
		params := services.NewPromotionParams()
		params.BuildName, params.BuildNumber, params.TargetRepo, params.SourceRepo, params.Status, params.Copy = "from go", "7", "generic-prod", "generic-local", "released", true
		if err := manager.PromoteBuild(params); err != nil {
			return nil, err
		}
		found, err := manager.FileInfo("generic-prod/in/a.txt")
		if err != nil {
			return nil, err
		}
		return found.Repo, nil
	})
}

func imageSteps(manager artifactory.ArtifactoryServicesManager) {
	step("folder of an image", func() (any, error) {
		found, err := manager.FolderInfo("docker/web")
		if err != nil {
			return nil, err
		}
		names := []string{}
		for _, one := range found.Children {
			names = append(names, fmt.Sprint(one.Uri, " ", one.Folder))
		}
		return names, nil
	})
	step("manifest of a tag", func() (any, error) {
		found, err := manager.FileInfo("docker/web/1/manifest.json")
		if err != nil {
			return nil, err
		}
		return []string{found.Repo, found.Checksums.Sha256}, nil
	})
	step("manifests by digest", func() (any, error) {
		reader, err := search(manager, "docker-local/*manifest.json", "docker.repoName=web")
		if err != nil {
			return nil, err
		}
		return pathsOf(reader)
	})
	step("promote an image", func() (any, error) {
		params := services.NewDockerPromoteParams("web", "docker-local", "docker-prod")
		params.SourceTag = "1"
		params.Copy = true
		if err := manager.PromoteDocker(params); err != nil {
			return nil, err
		}
		found, err := manager.FileInfo("docker-prod/web/1/manifest.json")
		if err != nil {
			return nil, err
		}
		return found.Checksums.Sha256, nil
	})
}
