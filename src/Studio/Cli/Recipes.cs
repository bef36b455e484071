using Studio.Engine.Training;

namespace Studio.Cli;

/// <summary>From a recipe's name or file to the recipe.</summary>
internal static class Recipes
{
    private static IEnumerable<string> Folders => new[] { StudioPaths.Data, Path.Combine(StudioPaths.Root, "data") }.Select(f => Path.Combine(f, "recipes")).Distinct();

    /// <summary>The file of a name in data/recipes, or the file that is named itself; null where there is neither.</summary>
    public static string? Find(string nameOrFile) =>
        Folders.Select(f => Path.Combine(f, nameOrFile + ".json")).Prepend(nameOrFile).FirstOrDefault(File.Exists) is { } found ? Path.GetFullPath(found) : null;

    /// <returns>The recipe and the folder of its file.</returns>
    /// <exception cref="ArgumentException">There is none, or it is wrong; the message names what there is, or the value.</exception>
    public static (TrainingRecipe Recipe, string Folder) Load(string nameOrFile)
    {
        var file = Find(nameOrFile) ?? throw new ArgumentException($"there is no recipe '{nameOrFile}'; name a file, or one of {string.Join(", ", Names())}");
        return (TrainingRecipe.Load(file), Path.GetDirectoryName(file)!);
    }

    private static IEnumerable<string> Names() =>
        Folders.Where(Directory.Exists).SelectMany(f => Directory.EnumerateFiles(f, "*.json")).Select(f => Path.GetFileNameWithoutExtension(f)).Distinct().Order(StringComparer.Ordinal);
}
