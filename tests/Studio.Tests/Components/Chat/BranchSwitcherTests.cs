using Bunit;
using Studio.Components.Chat;
using Xunit;

namespace Studio.Tests.Components.Chat;

public sealed class BranchSwitcherTests : IDisposable
{
    private readonly BunitContext _context = new();

    public void Dispose() => _context.Dispose();

    private IRenderedComponent<BranchSwitcher> Render(int place, params string[] ids) =>
        _context.Render<BranchSwitcher>(p => p.Add(c => c.Ids, ids).Add(c => c.Place, place).Add(c => c.Address, id => "chat/c?m=" + id));

    [Theory]
    [InlineData(1, null, "b")]
    [InlineData(2, "a", "c")]
    [InlineData(3, "b", null)]
    public void Render_Versions_LinksToTheNeighbours(int place, string? earlier, string? later)
    {
        var switcher = Render(place, "a", "b", "c");
        Assert.Contains($"{place} of 3", switcher.Find("[role=group]").TextContent, StringComparison.Ordinal);
        Assert.Equal(earlier is null ? null : "chat/c?m=" + earlier, switcher.FindAll("a[aria-label='Earlier version']").SingleOrDefault()?.GetAttribute("href"));
        Assert.Equal(later is null ? null : "chat/c?m=" + later, switcher.FindAll("a[aria-label='Later version']").SingleOrDefault()?.GetAttribute("href"));
    }

    [Fact]
    public void Render_OneVersion_ShowsNothing() => Assert.Empty(Render(1, "a").Markup.Trim());
}
