using System.Reflection;

namespace Studio.Engine.World;

/// <summary>
/// The objects: 468 Noto Emoji pictures (npm emoji-datasource-google, Apache-2.0) and eleven shapes drawn by our own code. Their
/// numbers never change; new ones go to the end.
/// </summary>
public static class WorldObjects
{
    private static readonly string[] s_shapes = ["circle", "square", "triangle", "star", "heart", "moon", "cross", "ring", "diamond", "hexagon", "spiral"];

    private static readonly Dictionary<string, WorldObject> s_byName;

    private static readonly int[] s_mixed;

    static WorldObjects()
    {
        var all = new List<WorldObject>();
        foreach (string shape in s_shapes)
        {
            all.Add(new WorldObject(all.Count, shape, shape == "cross" ? "crosses" : shape + "s", "shapes", ObjectSource.Shape, shape));
        }

        using (var lines = new StreamReader(Resource("objects.tsv")))
        {
            while (lines.ReadLine() is { } line)
            {
                if (line.Length > 0 && line[0] != '#')
                {
                    string[] parts = line.Split('\t');
                    all.Add(new WorldObject(all.Count, parts[1], parts[2], parts[3], ObjectSource.Picture, parts[0]));
                }
            }
        }

        All = all;
        s_mixed = [.. all.OrderBy(o => WorldRandom.Hash(0x0B1EC7, (ulong)o.Id)).Select(o => o.Id)];
        s_byName = all.ToDictionary(o => o.Name, StringComparer.Ordinal);
    }

    /// <summary>Every object; the position is its number.</summary>
    public static IReadOnlyList<WorldObject> All { get; }

    /// <summary>The object of a name.</summary>
    /// <exception cref="ArgumentException">There is none.</exception>
    public static WorldObject Named(string name) =>
        s_byName.TryGetValue(name, out WorldObject? found) ? found : throw new ArgumentException($"The world has no object '{name}'; see WorldObjects.All.", nameof(name));

    /// <summary>
    /// The first objects of a fixed mixed order, so that fewer objects in play are still of all groups; the same count always means the same objects.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">There are fewer objects than <paramref name="count"/>, or it is below 1.</exception>
    public static IReadOnlyList<int> InPlay(int count)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, All.Count);
        return count == All.Count ? s_mixed : s_mixed[..count];
    }

    /// <summary>A file that the build put into the assembly.</summary>
    internal static Stream Resource(string name) =>
        Assembly.GetExecutingAssembly().GetManifestResourceStream("world/" + name)
        ?? throw new InvalidOperationException($"The build left 'world/{name}' out of the engine; build again with the npm package of src/Engine/World/npm in place.");
}
