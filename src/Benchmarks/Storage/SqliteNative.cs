using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Loader;
using SQLitePCL;

namespace Studio.Benchmarks.Storage;

/// <summary>
/// Binds Microsoft.Data.Sqlite to the SQLitePCLRaw version that is pinned here and to the system's own libsqlite3, which
/// the distribution keeps patched.
/// </summary>
/// <remarks>
/// Microsoft.Data.Sqlite asks for a newer SQLitePCLRaw.core than the pinned one; the runtime never binds a lower version by
/// itself, so the load event does. The one member it would miss is load_extension, which the studio never calls.
/// </remarks>
public static class SqliteNative
{
    private static int s_done;

#pragma warning disable CA2255 // must run before any SqliteConnection, whoever opens it
    [ModuleInitializer]
#pragma warning restore CA2255
    public static void Init()
    {
        if (Interlocked.Exchange(ref s_done, 1) != 0) return;
        AssemblyLoadContext.Default.Resolving += static (context, name) =>
            name.Name == "SQLitePCLRaw.core" ? context.LoadFromAssemblyName(new AssemblyName("SQLitePCLRaw.core")) : null;
        SetProvider();
    }

    /// <summary>On its own, so that its types are not loaded before the event above is in place.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void SetProvider()
    {
        NativeLibrary.SetDllImportResolver(typeof(SQLite3Provider_e_sqlite3).Assembly, static (name, _, _) =>
            name == "e_sqlite3" ? NativeLibrary.Load("libsqlite3.so.0") : nint.Zero);
        raw.SetProvider(new SQLite3Provider_e_sqlite3());
        raw.FreezeProvider();
    }
}
