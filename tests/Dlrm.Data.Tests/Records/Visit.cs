using Dlrm.Data.Records;

namespace Dlrm.Data.Tests.Records;

internal enum Device
{
    Phone,
    Tablet,
    Desk,
}

/// <summary>A record as an application has it, made up: who comes from the second site on a phone, for little money, clicks.</summary>
internal sealed record Visit(
    [Label] bool Clicked,
    [Dense(Log1p = true, AsCategory = true)] float Price,
    [Dense(Indicator = true)] double? Age,
    [Categorical] string? Site,
    [Categorical(HashRows = 100)] Device Device,
    [Categorical] int User,
    [Categorical(MaxValues = 3)] string[] Tags)
{
    /// <summary>The schema by calls that the attributes say.</summary>
    public static RecordSchema<Visit> Schema => new RecordSchema<Visit>()
        .Label(visit => visit.Clicked, nameof(Clicked))
        .Dense(nameof(Price), visit => visit.Price, new DenseOptions { Log1p = true, AsCategory = true })
        .Dense(nameof(Age), visit => visit.Age, new DenseOptions { Indicator = true })
        .Categorical(nameof(Site), visit => visit.Site)
        .Categorical(nameof(Device), visit => visit.Device.ToString(), new CategoryOptions { HashRows = 100 })
        .Categorical(nameof(User), visit => visit.User)
        .Bag(nameof(Tags), visit => visit.Tags, new CategoryOptions { MaxValues = 3 });

    /// <summary>Draws visits.</summary>
    public static IEnumerable<Visit> Draw(int count, int seed)
    {
        var random = new System.Random(seed);
        string[] tags = ["new", "sale \"50 %\"", "a,b", "grün", "line\nend"];
        for (int i = 0; i < count; i++)
        {
            float price = random.Next(1, 50) / 10f;
            string? site = random.Next(10) == 0 ? null : $"site, {random.Next(4)}";
            var device = (Device)random.Next(3);
            string[] own = [.. tags.Where(_ => random.Next(3) == 0)];
            double logit = (site == "site, 2" ? 2 : -1) + (device == Device.Phone ? 1 : -1) - price + (own.Contains("new") ? 1 : 0) + 1;
            yield return new Visit(
                random.NextDouble() < 1 / (1 + Math.Exp(-2 * logit)), price, random.Next(5) == 0 ? null : random.Next(18, 80) + 0.25, site,
                device, random.Next(200), own);
        }
    }
}
