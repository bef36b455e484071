using Studio.Cli;
using Studio.Engine.Training;
using Studio.Hosting;

namespace Studio.Jobs.Trainings;

/// <param name="Description">In the recipe's own words.</param>
/// <param name="Stages">Names, in order.</param>
/// <param name="NeedsModel">It names no base: a model must be given.</param>
/// <param name="Problem">Why it cannot be used; null where it can.</param>
public sealed record RecipeView(string Name, string? Description, IReadOnlyList<string> Stages, bool NeedsModel, string? Problem);

/// <summary>Recipes that the server may use: those of the data folder and of the checkout, and other files below the data folder.</summary>
internal sealed class RecipeFiles(StudioFolders folders, StudioOptions options)
{
    /// <summary>Recipes that are listed.</summary>
    public const int MaxListed = 200;

    private IEnumerable<string> Folders => new[] { Path.Combine(folders.Data, "recipes"), Path.Combine(options.RootFolder, "data", "recipes") }.Select(Path.GetFullPath).Distinct();

    /// <summary>Null where there is none, or where the file lies elsewhere.</summary>
    public string? Find(string nameOrFile)
    {
        if (nameOrFile.Contains('\0', StringComparison.Ordinal)) return null;
        if (Folders.Select(f => Path.GetFullPath(Path.Combine(f, nameOrFile + ".json")) is var file && Path.GetDirectoryName(file) == f && File.Exists(file) ? file : null).FirstOrDefault(f => f is not null) is { } named) return named;
        var path = Path.GetFullPath(Path.Combine(folders.Data, nameOrFile));
        return path.StartsWith(folders.Data + Path.DirectorySeparatorChar, StringComparison.Ordinal) && path.EndsWith(".json", StringComparison.Ordinal) && File.Exists(path) ? path : null;
    }

    /// <summary>By name; at most <see cref="MaxListed"/>.</summary>
    public IReadOnlyList<RecipeView> List() =>
    [
        .. Folders.Where(Directory.Exists).SelectMany(f => Directory.EnumerateFiles(f, "*.json")).DistinctBy(Path.GetFileNameWithoutExtension)
            .OrderBy(Path.GetFileNameWithoutExtension, StringComparer.Ordinal).Take(MaxListed).Select(View),
    ];

    private static RecipeView View(string file)
    {
        var name = Path.GetFileNameWithoutExtension(file);
        try
        {
            var recipe = TrainingRecipe.Load(file);
            return new(name, recipe.Description, [.. recipe.Stages.Select(s => s.Name)], recipe.Base is null, null);
        }
        catch (Exception e) when (CommandLine.Explain(e) is not null)
        {
            return new(name, null, [], false, CommandLine.Explain(e));
        }
    }
}
