using Microsoft.Playwright;
using Xunit;

namespace Dlrm.Serving.Tests.Page;

/// <summary>The page in a real browser: Debian's Chromium, without a window.</summary>
public sealed class PageTests(ServedCensus census) : IClassFixture<ServedCensus>
{
    private static readonly string? Chromium =
        new[] { "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome" }.FirstOrDefault(File.Exists);

    [Fact]
    public async Task The_form_is_filled_with_a_real_row_and_the_score_follows_what_is_typed()
    {
        Assert.SkipWhen(Chromium is null, "There is no Chromium here: install the package chromium to test the page.");
        using IPlaywright playwright = await Playwright.CreateAsync();
        await using IBrowser browser = await playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions
        {
            ExecutablePath = Chromium,
            Args = ["--no-sandbox"],
        });
        IPage page = await browser.NewPageAsync(new BrowserNewPageOptions { ViewportSize = new ViewportSize { Width = 1100, Height = 760 } });
        var problems = new List<string>();
        page.Console += (_, message) => problems.AddRange(message.Type is "error" or "warning" ? [$"{message.Type}: {message.Text}"] : []);
        page.PageError += (_, error) => problems.Add(error);
        var outside = new List<string>();
        page.Request += (_, request) =>
        {
            if (!request.Url.StartsWith(census.Server.Client.BaseAddress!.ToString(), StringComparison.Ordinal))
            {
                outside.Add(request.Url);
            }
        };
        await page.GotoAsync(census.Server.Client.BaseAddress!.ToString());
        ILocator score = page.Locator("#score");
        string recorded = SampleModel.RecordedScores(census.Model)[0].ToString("0.0000", System.Globalization.CultureInfo.InvariantCulture);
        await Assertions.Expect(score).ToHaveTextAsync(recorded);
        Assert.Equal(14, await page.Locator("#fields input").CountAsync());
        Assert.NotEqual("", await page.Locator("input[name=age]").InputValueAsync());
        Assert.NotEqual(0, await page.Locator("#moved .bar").CountAsync());
        await Assertions.Expect(page.Locator("#about")).ToContainTextAsync("parameters");
        if (Environment.GetEnvironmentVariable("DLRM_SCREENSHOT") is { Length: > 0 } path)
        {
            await page.ScreenshotAsync(new PageScreenshotOptions { Path = path });
        }

        await page.Locator("input[name=age]").FillAsync("71");
        await Assertions.Expect(score).Not.ToHaveTextAsync(recorded);
        await page.Locator("input[name=age]").FillAsync("old");
        await Assertions.Expect(page.Locator("#error")).ToContainTextAsync("field 'age': 'old' is not a number");
        Assert.Empty(outside);
        Assert.All(problems, problem => Assert.Contains("400", problem, StringComparison.Ordinal)); // what the browser says of the last answer
    }
}
