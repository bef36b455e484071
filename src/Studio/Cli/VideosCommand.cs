using System.CommandLine;
using System.Globalization;
using Studio.Api;
using Studio.Data;
using Studio.Engine.Chat.Planning;
using Studio.Library;
using Studio.Library.Importing;

namespace Studio.Cli;

/// <summary><c>videos list | add | import | samples | show | rename | tag | visibility | delete | usage</c>, on the server's own library.</summary>
internal static class VideosCommand
{
    public static readonly string[] Samples =
    [
        "videos samples",
        "videos add ~/holiday.mp4 --tag beach",
        "videos list beach --sort longest",
        "videos delete holiday --yes",
    ];

    private static readonly Argument<string> s_video = new("VIDEO") { Description = "Its identifier, or its name where only one has it." };

    private static readonly Argument<string[]> s_videos = new("VIDEO") { Description = "Identifiers, or names that only one has.", Arity = ArgumentArity.OneOrMore };

    private static readonly Option<string?> s_account = new("--account") { Description = "Whose library; without it an administrator's view of all." };

    private static readonly Option<bool> s_json = new("--json") { Description = "JSON on standard output." };

    private static readonly Option<string[]> s_tags = new("--tag") { Description = "Tag that the videos get; may be repeated.", DefaultValueFactory = _ => [] };

    public static Command Create(Terminal console)
    {
        var command = new Command("videos", "Adds, finds, changes and deletes videos of the library; the server may be running.");
        foreach (var part in new[] { List(console), Add(console), Import(console), AddSamples(console), Show(console), Rename(console), Tag(console), Visible(console), Delete(console), Usage(console) })
        {
            part.Add(s_account);
            command.Add(part);
        }

        return command;
    }

    private static Command List(Terminal console)
    {
        var words = new Argument<string[]>("WORD") { Description = "Words that the name or a tag must contain.", Arity = ArgumentArity.ZeroOrMore };
        var tag = new Option<string?>("--tag") { Description = "A whole tag." };
        var kind = new Option<VideoKind?>("--kind") { Description = "video or image." };
        var sort = new Option<VideoSort>("--sort") { Description = "newest, oldest, name, longest or largest." };
        var page = new Option<int>("--page") { DefaultValueFactory = _ => 1, Description = "From 1." };
        var size = new Option<int>("--size") { DefaultValueFactory = _ => Paging.DefaultSize, Description = $"Videos on a page, up to {Paging.MaxSize}." };
        var command = new Command("list", "Videos and images, newest first.") { words, tag, kind, sort, page, size, s_json };
        command.SetAction((parse, ct) => LibraryCommand.RunAsync(parse.GetValue(s_account), async session =>
        {
            var query = new VideoQuery(string.Join(' ', parse.GetValue(words) ?? []), parse.GetValue(tag), parse.GetValue(kind), Mine: false, parse.GetValue(sort));
            var found = await session.Library.ListAsync(session.User, query, parse.GetValue(page), parse.GetValue(size), ct);
            if (parse.GetValue(s_json)) console.Output.WriteLine(VideoText.Json(found));
            else foreach (var video in found.Items) console.Output.WriteLine(VideoText.Line(video));
            if (found.Total == 0) console.Say("no video matches; `videos samples` adds some, `videos add FILE` your own");
            else if (found.Pages > 1) console.Say($"page {found.Page} of {found.Pages}, {found.Total} videos in all");
        }, ct));
        return command;
    }

    private static Command Add(Terminal console)
    {
        var files = new Argument<string[]>("FILE") { Description = "Video or image files; they are copied.", Arity = ArgumentArity.OneOrMore };
        var command = new Command("add", "Puts files of this machine into the library.") { files, s_tags, s_json };
        command.SetAction((parse, ct) => LibraryCommand.RunAsync(parse.GetValue(s_account), session => AddAllAsync(console, session, parse, parse.GetValue(files)!, ct), ct));
        return command;
    }

    private static Command Import(Terminal console)
    {
        var folder = new Argument<string>("FOLDER") { Description = "Folder on this machine." };
        var deep = new Option<bool>("--recursive") { Description = "Its folders, too; links are not followed." };
        var command = new Command("import", "Puts all videos and images of a folder into the library; other files are passed over.") { folder, deep, s_tags, s_json };
        command.SetAction((parse, ct) => LibraryCommand.RunAsync(parse.GetValue(s_account), session =>
        {
            var options = new EnumerationOptions { RecurseSubdirectories = parse.GetValue(deep), AttributesToSkip = FileAttributes.Hidden | FileAttributes.ReparsePoint, IgnoreInaccessible = true };
            var files = new DirectoryInfo(parse.GetValue(folder)!).EnumerateFiles("*", options).Select(f => f.FullName).Order(StringComparer.Ordinal);
            return AddAllAsync(console, session, parse, files, ct, skipOthers: true);
        }, ct));
        return command;
    }

    private static Command AddSamples(Terminal console)
    {
        var command = new Command("samples", "Puts the sample videos that come with the studio into the library.") { s_json };
        command.SetAction((parse, ct) => LibraryCommand.RunAsync(parse.GetValue(s_account), async session =>
        {
            var added = await session.Importer.AddSamplesAsync(session.Owner, Progress(console), ct);
            await FinishAsync(console, session, parse, [.. added], ct);
        }, ct));
        return command;
    }

    private static Command Show(Terminal console)
    {
        var command = new Command("show", "Everything about a video, and what uses it.") { s_video, s_json };
        command.SetAction((parse, ct) => LibraryCommand.RunAsync(parse.GetValue(s_account), async session =>
        {
            var video = await session.FindAsync(parse.GetValue(s_video)!, ct);
            if (parse.GetValue(s_json))
            {
                console.Output.WriteLine(VideoText.Json(video));
                return;
            }

            console.Output.Write(VideoText.Facts(video, session.Library.File(await session.Library.FindAsync(session.User, video.Id, ct))));
            if (video.CanChange) console.Output.Write(VideoText.Dependents(await session.Library.DependentsAsync(session.User, [video.Id], ct)));
        }, ct));
        return command;
    }

    private static Command Rename(Terminal console)
    {
        var name = new Argument<string>("NAME") { Description = $"At most {FileNames.MaxLength} characters." };
        var command = new Command("rename", "Gives a video another name.") { s_video, name, s_json };
        command.SetAction((parse, ct) => ChangeAsync(console, parse, new(Name: parse.GetValue(name)), ct));
        return command;
    }

    private static Command Tag(Terminal console)
    {
        var add = new Option<string[]>("--add") { Description = "Tag that they get; may be repeated.", DefaultValueFactory = _ => [] };
        var remove = new Option<string[]>("--remove") { Description = "Tag that they lose; may be repeated.", DefaultValueFactory = _ => [] };
        var command = new Command("tag", "Adds and removes tags of videos.") { s_videos, add, remove };
        command.Validators.Add(result =>
        {
            if (result.GetValue(add)!.Length + result.GetValue(remove)!.Length == 0) result.AddError("say what to change: --add TAG, --remove TAG or both");
        });
        command.SetAction((parse, ct) => LibraryCommand.RunAsync(parse.GetValue(s_account), async session =>
        {
            var ids = await session.IdsAsync(parse.GetValue(s_videos)!, ct);
            await session.Library.TagAsync(session.User, ids, parse.GetValue(add)!, parse.GetValue(remove)!, ct);
            console.Say($"tags of {VideoText.Count(ids.Count)} changed");
        }, ct));
        return command;
    }

    private static Command Visible(Terminal console)
    {
        var to = new Argument<Visibility>("WHOM") { Description = "private or team." };
        var command = new Command("visibility", "Shares a video with everybody who has an account, or ends that.") { s_video, to, s_json };
        command.SetAction((parse, ct) => ChangeAsync(console, parse, new(Visibility: parse.GetValue(to)), ct));
        return command;
    }

    private static Command Delete(Terminal console)
    {
        var yes = new Option<bool>("--yes") { Description = "Also where conversations or share links use them." };
        var command = new Command("delete", "Deletes videos; conversations keep their text.") { s_videos, yes };
        command.SetAction((parse, ct) => LibraryCommand.RunAsync(parse.GetValue(s_account), async session =>
        {
            var ids = await session.IdsAsync(parse.GetValue(s_videos)!, ct);
            var dependents = await session.Library.DependentsAsync(session.User, ids, ct);
            if (dependents.Any && !parse.GetValue(yes))
            {
                console.Output.Write(VideoText.Dependents(dependents));
                throw RequestException.Conflict("what is listed uses them; to delete them nevertheless, add --yes");
            }

            await session.Library.DeleteAsync(session.User, ids, ct);
            console.Say($"{VideoText.Count(ids.Count)} deleted");
        }, ct));
        return command;
    }

    private static Command Usage(Terminal console)
    {
        var command = new Command("usage", "Space that is used, and what there is.") { s_json };
        command.SetAction((parse, ct) => LibraryCommand.RunAsync(parse.GetValue(s_account), async session =>
        {
            var usage = await session.Library.UsageAsync(session.Owner, ct);
            console.Output.WriteLine(parse.GetValue(s_json)
                ? VideoText.Json(usage)
                : $"{VideoText.Count(usage.Videos)}, {Units.Bytes(usage.VideoBytes)} and {Units.Bytes(usage.UploadBytes)} of uploads under way, of {Units.Bytes(usage.QuotaBytes)}");
        }, ct));
        return command;
    }

    private static Task<int> ChangeAsync(Terminal console, ParseResult parse, VideoChange change, CancellationToken ct) => LibraryCommand.RunAsync(parse.GetValue(s_account), async session =>
    {
        var video = await session.FindAsync(parse.GetValue(s_video)!, ct);
        video = await session.Library.ChangeAsync(session.User, video.Id, change, ct);
        console.Output.WriteLine(parse.GetValue(s_json) ? VideoText.Json(video) : VideoText.Line(video));
    }, ct);

    private static async Task AddAllAsync(Terminal console, LibrarySession session, ParseResult parse, IEnumerable<string> files, CancellationToken ct, bool skipOthers = false)
    {
        var added = new List<Imported>(); // what the person named; each is in the library before the next begins
        foreach (var file in files)
        {
            try
            {
                added.Add(await session.Importer.AddFileAsync(session.Owner, file, Progress(console), ct));
            }
            catch (RequestException e) when (skipOthers && e.Status is StatusCodes.Status422UnprocessableEntity or StatusCodes.Status400BadRequest)
            {
                console.Say($"passed over: {e.Message}");
            }
        }

        if (parse.GetValue(s_tags) is { Length: > 0 } tags && added.Count > 0)
        {
            foreach (var some in added.Select(a => a.Video.Id).Distinct().Chunk(VideoLibrary.MaxTogether)) await session.Library.TagAsync(session.User, some, tags, [], ct);
        }

        await FinishAsync(console, session, parse, added, ct);
    }

    /// <summary>Pictures are made here: no server may be running to make them.</summary>
    private static async Task FinishAsync(Terminal console, LibrarySession session, ParseResult parse, List<Imported> added, CancellationToken ct)
    {
        foreach (var fresh in added.Where(a => a.IsNew))
        {
            console.Progress($"{fresh.Video.Name}: pictures");
            await session.Pictures.MakeAsync(await session.Library.FindAsync(session.User, fresh.Video.Id, ct), ct);
        }

        console.ClearProgress();
        for (var i = 0; i < added.Count; i++) added[i] = added[i] with { Video = await session.Library.GetAsync(session.User, added[i].Video.Id, ct) };
        if (parse.GetValue(s_json)) console.Output.WriteLine(VideoText.Json(added));
        else foreach (var one in added) console.Output.WriteLine(VideoText.Line(one.Video) + (one.IsNew ? "" : "  (was there already)"));
        if (added.Count == 0) console.Say("nothing was added");
    }

    private static Reporter Progress(Terminal console) => new(p => console.Progress(string.Create(
        CultureInfo.InvariantCulture, $"{p.Name}: {Units.Bytes(p.Copied)} of {Units.Bytes(p.Length)}{(p.Copied == p.Length ? ", looking into it" : "")}")));

    /// <summary>Reports at once, on the caller's thread: lines stay in order.</summary>
    private sealed class Reporter(Action<ImportProgress> show) : IProgress<ImportProgress>
    {
        public void Report(ImportProgress value) => show(value);
    }
}
