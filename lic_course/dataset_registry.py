"""The public data sets that the course knows: terms, source, and the hash of every file."""

from dataclasses import dataclass


@dataclass(frozen=True)
class File:
    """A file of a public data set."""

    url: str
    sha256: str

    @property
    def name(self) -> str:
        """The file's name in the cache."""
        return self.url.rsplit("/", 1)[-1]


@dataclass(frozen=True)
class DataSet:
    """A public data set: what it is, its terms, and how to know that a copy is the right one."""

    name: str
    what: str
    count: int  # pictures
    megabytes: int
    license: str
    source: str  # the page to read
    citation: str
    files: tuple[File, ...]  # pictures, or one archive that holds them


_KODAK_SHA256 = (
    "a56e27cbf5f843c048b6af1d6e090760e9c92fadba88b7dee0205918a37523bd",
    "4f4b74a79237e311d72cad958237b5f7088d8bce1c82305ebefe1a70e3022dfd",
    "e25ca1ff2f0c0cb5fdfd5f9b0a0bb21ac4c3de3c84a67f35b09a85d3306249db",
    "e3b946107c5d3441c022f678d0c3caf1e224d81b1604ba840a4f88e562de61aa",
    "10349e963c5c813d327852f82c1795fa4148d69fedffc4c589bee458e3ac3d53",
    "363510303b715d4cbc384e1ce227e466b613a09e1b71ae985882bf8e7fbd9b18",
    "b77d3f006f42414bb242222e0482e750c0fb9e5ee8d4bed2f6f11c5605fe54a4",
    "ba23983c76b4832ee0e8af0592664756841a16779acd69f792e268fb6d13d6e7",
    "6a4361c2fc194feb4edaa9f9a4a0620fb9943e460ac7fdf037fb0f6dd6607a7d",
    "9dfb70f5867c29ff9ed6313683f19b3d867849e40fbc0c4c54a4a89df341cf23",
    "7936814b58b5387fce2e4e2488b4ec830dadd95fa9520f358ddb30990b50f2b6",
    "d78c37c2f04f23761ed2367dd77e2db584ddd4c3950833fecf89f199a8126980",
    "bc34a3ce58dea09dce1704c997171602de90cb34d0c8503a988b77f473d39b08",
    "55a94550ff18f3246c4074fd32b77b0c74447c26b6ad274d564d999c0450ba6e",
    "7538cbb80cb9103606c48b806eae57d56c885c7f90b9b3be70a41160f9cbb683",
    "a89c7268ccd4718ba424a99fc4643c572cf692ca6eae887185ceb4e9f11d2e54",
    "37afcc89fbdcb76d9518e04b2fc011027e2f4cd14b3b2f83cefd721641a47c5b",
    "1a9258c365988961d87a0598725b609139c303ad48a5aad6c503c3b1a87849aa",
    "b7450b264b1b0a411390d8931b112c27905a992520fc90569dc4b920aa32bbdc",
    "3b46c71e3b92a563820ba32936be8330c586c41f938efd94be938386aae4328a",
    "ac958597c82073f6bb65129c68f72b651db5b9efd82e11547d07350214bc268b",
    "1cee58eb1f2d9c7ebb254d208a03c783ce6cf2c4d8c2cf45e235dd23b4ce1b29",
    "e3111a2fd4da24af15d6459ef9eacfe54106b38e27b4a21821b75c3f5d2d5baf",
    "1071c68372cc5a01435c2c225a5cf7d4bb803846ec08bb6b3d6721b156d7cb96",
)

_TENSORLY = "https://raw.githubusercontent.com/tensorly/tensorly/main/tensorly/datasets/data"

DATASETS = {
    entry.name: entry
    for entry in (
        DataSet(
            name="kodak",
            what="24 photographs of 768×512 pixels: the test set of most papers, never to train on",
            count=24,
            megabytes=15,
            license="released by the Eastman Kodak Company for unrestricted usage",
            source="http://r0k.us/graphics/kodak/",
            citation="Eastman Kodak, Kodak Lossless True Color Image Suite, PhotoCD PCD0992",
            files=tuple(
                File(f"http://r0k.us/graphics/kodak/kodak/kodim{number:02}.png", sha256)
                for number, sha256 in enumerate(_KODAK_SHA256, start=1)
            ),
        ),
        DataSet(
            name="clic2020",
            what="41 photographs of about 2 megapixels: CLIC 2020, professional, validation",
            count=41,
            megabytes=135,
            license="photographs from Unsplash under its license; see the page of the challenge",
            source="http://compression.cc/tasks/",
            citation="Toderici et al., Workshop and Challenge on Learned Image Compression, 2020",
            files=(
                File(
                    "https://data.vision.ee.ethz.ch/cvl/clic/professional_valid_2020.zip",
                    "00be38092ade2ab5163b65f7f6523d46c7bca147007f559adbb02c0afc236b7d",
                ),
            ),
        ),
        DataSet(
            name="div2k",
            what="100 photographs of about 2.8 megapixels: DIV2K, high resolution, validation",
            count=100,
            megabytes=449,
            license="for academic research only",
            source="https://data.vision.ee.ethz.ch/cvl/DIV2K/",
            citation="Agustsson and Timofte, NTIRE 2017 Challenge, CVPR Workshops 2017",
            files=(
                File(
                    "https://data.vision.ee.ethz.ch/cvl/DIV2K/DIV2K_valid_HR.zip",
                    "20dd31fd84d777bc1cf5d6b7654a3f569c0aec74458ae094122ad1d0489900fc",
                ),
            ),
        ),
        DataSet(
            name="indian-pines",
            what="one hyperspectral cube, 145×145 pixels in 200 bands, with 16 kinds of land use",
            count=1,
            megabytes=7,
            license="CC BY 3.0",
            source="https://doi.org/10.4231/R7RX991C",
            citation="Baumgardner, Biehl and Landgrebe, 220 Band AVIRIS Hyperspectral Image Data "
            "Set: Indian Pine Test Site 3, Purdue University Research Repository, 2015",
            files=(  # the cube, then its labels: data files of the package tensorly
                File(
                    f"{_TENSORLY}/Indian_pines_corrected.npy",
                    "8f038e4d81569e38ebfc72a15c9984c150de42580ab260be10a13442e912e451",
                ),
                File(
                    f"{_TENSORLY}/Indian_pines_gt.npy",
                    "44610d21625b311b05b8e0c4ba9a6cc755c2fbb9df48e4d89419024aa6ad3f9d",
                ),
            ),
        ),
    )
}
